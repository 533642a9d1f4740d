using Parley.DevHost.Worker;

namespace Parley.DevHost.Triggers;

/// <summary>Runs one function's invocations, logs those that fail, and lets those under way finish when the host stops.</summary>
/// <param name="function">The function's name.</param>
/// <param name="invoke">Runs it; the token asks it to end.</param>
/// <param name="time">The clock of the limits below.</param>
/// <param name="logger">The function's log.</param>
internal sealed partial class FunctionRuns(string function, Func<TriggerValue, CancellationToken, Task> invoke, TimeProvider time, ILogger logger) : IDisposable
{
    // How long the platform lets functions finish when it stops a host; and how long they have then to end when asked.
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan CancellationLimit = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource late = new();

    /// <summary>Cancelled when a stopping host waits no longer: the functions' own CancellationToken.</summary>
    public CancellationToken Late => late.Token;

    /// <summary>Runs the function; false when it failed, which is logged.</summary>
    public async Task<bool> RunAsync(TriggerValue value, string cause)
    {
        try
        {
            await invoke(value, late.Token);
            return true;
        }
        catch (Exception e)
        {
            // The worker has logged the exception of its function.
            LogFailed(e is FunctionFailedException ? null : e, function, cause);
            return false;
        }
    }

    /// <summary>Waits for what runs. The listener has been told to stop.</summary>
    public async Task DrainAsync(Task running)
    {
        try
        {
            await running.WaitAsync(DrainLimit, time);
            return;
        }
        catch (TimeoutException)
        {
            await late.CancelAsync();
        }

        try
        {
            await running.WaitAsync(CancellationLimit, time);
        }
        catch (TimeoutException)
        {
            LogAbandoned(function);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => late.Dispose();

    [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "Function {Function} failed on {Cause}.")]
    partial void LogFailed(Exception? exception, string function, string cause);

    [LoggerMessage(EventId = 3, Level = LogLevel.Error, Message = "Function {Function} still ran when the host ended.")]
    partial void LogAbandoned(string function);
}
