namespace Parley.LocalHost.Triggers;

/// <summary>Runs one function's invocations, logs those that fail, and lets those under way finish when the host stops.</summary>
internal sealed partial class FunctionRuns(BackgroundFunction function, IServiceProvider services, TimeProvider time, ILogger logger) : IDisposable
{
    // The platform's patience with a stopping host; then what still runs is told by its token, and ends with the process.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource late = new();

    /// <summary>Cancelled when a stopping host waits no longer: the functions' own CancellationToken.</summary>
    public CancellationToken Late => late.Token;

    /// <summary>Runs the function; false when it failed, which is logged.</summary>
    public async Task<bool> RunAsync(object triggerValue, string cause)
    {
        try
        {
            await function.InvokeAsync(services, triggerValue, late.Token);
            return true;
        }
        catch (Exception e)
        {
            LogFailed(e, function.Name, cause);
            return false;
        }
    }

    /// <summary>Waits for what runs; who listens for more has been told to stop.</summary>
    public async Task DrainAsync(Task running)
    {
        try
        {
            await running.WaitAsync(Patience, time);
            return;
        }
        catch (TimeoutException)
        {
            await late.CancelAsync();
        }

        try
        {
            await running.WaitAsync(LastPatience, time);
        }
        catch (TimeoutException)
        {
            LogAbandoned(function.Name);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => late.Dispose();

    [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "Function {Function} failed on {Cause}.")]
    partial void LogFailed(Exception exception, string function, string cause);

    [LoggerMessage(EventId = 3, Level = LogLevel.Error, Message = "Function {Function} still ran when the host ended.")]
    partial void LogAbandoned(string function);
}
