using Parley.DevHost.Worker;

namespace Parley.DevHost.Triggers;

/// <summary>
/// Runs the invocations of one function, logs failures, and waits for running invocations when the host stops.
/// </summary>
/// <param name="function">The function's name.</param>
/// <param name="invoke">Runs the function. Its token requests cancellation of the invocation.</param>
/// <param name="time">The clock for the limits.</param>
/// <param name="logger">The function's log.</param>
internal sealed partial class FunctionRuns(
    string function,
    Func<TriggerValue, CancellationToken, Task> invoke,
    TimeProvider time,
    ILogger logger) : IDisposable
{
    // The time that the platform gives running functions when it stops a host, and the time that they have to end after
    // their cancellation.
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan CancellationLimit = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource late = new();

    /// <summary>
    /// The CancellationToken of the functions, cancelled when a stopping host has waited for the drain limit.
    /// </summary>
    public CancellationToken Late => late.Token;

    /// <summary>Runs the function. Returns false if it failed; the failure is logged.</summary>
    public async Task<bool> RunAsync(TriggerValue value, string cause)
    {
        try
        {
            await invoke(value, late.Token);
            return true;
        }
        catch (Exception e)
        {
            // The worker has already logged an exception thrown by the function.
            LogFailed(e is FunctionFailedException ? null : e, function, cause);
            return false;
        }
    }

    /// <summary>
    /// Waits for running invocations, and cancels them after the limit. Call it only after the listener was stopped.
    /// </summary>
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

    public void Dispose() => late.Dispose();

    [LoggerMessage(EventId = 2, Level = LogLevel.Error, Message = "Function {Function} failed on {Cause}.")]
    partial void LogFailed(Exception? exception, string function, string cause);

    [LoggerMessage(EventId = 3, Level = LogLevel.Error, Message = "Function {Function} still ran when the host ended.")]
    partial void LogAbandoned(string function);
}
