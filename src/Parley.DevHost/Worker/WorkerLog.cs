using Parley.DevHost.Worker.Messages;

namespace Parley.DevHost.Worker;

/// <summary>
/// Writes a worker's log entries and output to this host's log, with the worker's categories and the levels in
/// host.json.
/// </summary>
internal sealed class WorkerLog(ILoggerFactory loggers)
{
    private readonly ILogger output = loggers.CreateLogger("Worker");

    public void Write(RpcLog entry)
    {
        var level = entry.Level switch
        {
            RpcLog.Types.Level.Trace => LogLevel.Trace,
            RpcLog.Types.Level.Debug => LogLevel.Debug,
            RpcLog.Types.Level.Information => LogLevel.Information,
            RpcLog.Types.Level.Warning => LogLevel.Warning,
            RpcLog.Types.Level.Error => LogLevel.Error,
            RpcLog.Types.Level.Critical => LogLevel.Critical,
            _ => LogLevel.None,
        };
        var logger = loggers.CreateLogger(entry.Category.Length == 0 ? "Worker" : entry.Category);
        if (logger.IsEnabled(level))
        {
            var text = entry.Exception is { } exception
                ? $"{entry.Message} {exception.Message} {exception.StackTrace}"
                : entry.Message;
            logger.Log(level, default, text, null, static (text, _) => text);
        }
    }

    /// <summary>Writes one line of the worker's output.</summary>
    public void Write(string line) => output.Log(LogLevel.Information, default, line, null, static (line, _) => line);
}
