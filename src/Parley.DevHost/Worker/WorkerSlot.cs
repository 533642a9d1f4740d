using System.Diagnostics.CodeAnalysis;

namespace Parley.DevHost.Worker;

/// <summary>
/// Keeps one worker process running until the host stops. A process that ends is replaced, after pauses that grow.
/// </summary>
/// <param name="start">Starts a process.</param>
/// <param name="time">The clock for the pauses.</param>
/// <param name="logger">The log for ended processes and failed starts.</param>
internal sealed partial class WorkerSlot(
    Func<CancellationToken, Task<RunningWorker>> start,
    TimeProvider time,
    ILogger<WorkerSlot> logger) : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LossInterval = TimeSpan.FromMilliseconds(10);

    // If a process ends after this time, the cause is probably not its start, so the pauses begin again.
    private static readonly TimeSpan StableAfter = TimeSpan.FromMinutes(1);

    // When the end of a worker is requested, its functions have ended and it only disposes its services.
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource draining = new();
    private readonly CancellationTokenSource stopping = new();
    private volatile TaskCompletionSource<RunningWorker> ready =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task supervising = Task.CompletedTask;

    /// <summary>The running process; null if no process is running.</summary>
    public RunningWorker? Current =>
        ready.Task is { IsCompletedSuccessfully: true, Result: { Lost.IsCompleted: false } worker } ? worker : null;

    /// <summary>Returns the running process, or waits until the next one is ready.</summary>
    /// <exception cref="OperationCanceledException">
    /// The token was cancelled, or the host is stopping and does not start another process.
    /// </exception>
    public async Task<RunningWorker> WaitAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, draining.Token);
        while (true)
        {
            if (Current is { } worker)
            {
                return worker;
            }

            // If the worker was lost, SuperviseAsync soon replaces `ready` by a source that is not complete: poll until
            // then.
            await (ready.Task.IsCompleted
                ? Task.Delay(LossInterval, time, either.Token)
                : ready.Task.WaitAsync(either.Token));
        }
    }

    /// <summary>Starts the first process. A failure is thrown to the caller and not retried.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var first = await start(cancellationToken);
        ready.SetResult(first);
        supervising = SuperviseAsync(first);
    }

    /// <summary>
    /// Stops replacing ended processes: the host lets running functions finish, and starts no other functions.
    /// </summary>
    public void Drain() => draining.Cancel();

    public async ValueTask DisposeAsync()
    {
        Drain();
        await stopping.CancelAsync();
        await supervising;
        draining.Dispose();
        stopping.Dispose();
    }

    private async Task SuperviseAsync(RunningWorker worker)
    {
        var pause = FirstPause;
        while (true)
        {
            var began = time.GetTimestamp();
            await worker.Lost.WaitAsync(stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (draining.IsCancellationRequested)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, time, stopping.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await worker.StopAsync(EndLimit);
                worker.Dispose();
                return;
            }

            ready = new TaskCompletionSource<RunningWorker>(TaskCreationOptions.RunContinuationsAsynchronously);
            await worker.Ended;
            LogDied(worker.ProcessId, worker.ExitCode);
            worker.Dispose();
            pause = time.GetElapsedTime(began) > StableAfter ? FirstPause : pause;
            if (await RestartAsync(pause) is not { } next)
            {
                return;
            }

            worker = next;
            ready.SetResult(worker);
            LogRestarted(worker.ProcessId);
            pause = NextPause(pause);
        }
    }

    /// <summary>Retries until a process is ready. Returns null if the host stops first.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "Every failed start is logged and retried.")]
    private async Task<RunningWorker?> RestartAsync(TimeSpan pause)
    {
        while (true)
        {
            await Task.Delay(pause, time, draining.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                draining.Token.ThrowIfCancellationRequested();
                return await start(draining.Token);
            }
            catch (OperationCanceledException) when (draining.IsCancellationRequested)
            {
                return null;
            }
            catch (Exception e)
            {
                pause = NextPause(pause);
                LogNotRestarted(e.Message.TrimEnd('.'), pause.TotalSeconds);
            }
        }
    }

    private static TimeSpan NextPause(TimeSpan pause) => pause * 2 < LongestPause ? pause * 2 : LongestPause;

    [LoggerMessage(
        EventId = 10,
        Level = LogLevel.Error,
        Message = "The worker process {ProcessId} ended with exit code {ExitCode}; another one is started.")]
    partial void LogDied(int processId, int exitCode);

    [LoggerMessage(EventId = 11, Level = LogLevel.Information, Message = "The worker process {ProcessId} is ready.")]
    partial void LogRestarted(int processId);

    [LoggerMessage(EventId = 12, Level = LogLevel.Error, Message = "{Reason}. The next try is in {Seconds} s.")]
    partial void LogNotRestarted(string reason, double seconds);
}
