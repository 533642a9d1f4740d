using System.Diagnostics.CodeAnalysis;

namespace Parley.DevHost.Worker;

/// <summary>Keeps one worker process running: one that dies is replaced, after pauses that grow, until the host stops.</summary>
/// <param name="start">Starts a process.</param>
/// <param name="time">The clock of the pauses.</param>
/// <param name="logger">Where deaths and failed starts are logged.</param>
internal sealed partial class WorkerSlot(Func<CancellationToken, Task<RunningWorker>> start, TimeProvider time, ILogger<WorkerSlot> logger) : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LossInterval = TimeSpan.FromMilliseconds(10);

    // After so long the next death is not taken for a consequence of the last start.
    private static readonly TimeSpan StableAfter = TimeSpan.FromMinutes(1);

    // Running functions have ended when a worker is told to end; it only disposes its services.
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource draining = new();
    private readonly CancellationTokenSource stopping = new();
    private volatile TaskCompletionSource<RunningWorker> ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task supervising = Task.CompletedTask;

    /// <summary>The process that runs now; null while there is none.</summary>
    public RunningWorker? Current => ready.Task is { IsCompletedSuccessfully: true, Result: { Lost.IsCompleted: false } worker } ? worker : null;

    /// <summary>The process that runs now, or the next one as soon as it is ready.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled, or the host stops and starts no other process.</exception>
    public async Task<RunningWorker> WaitAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, draining.Token);
        while (true)
        {
            if (Current is { } worker)
            {
                return worker;
            }

            // A lost worker is replaced in a moment, by a task that is not complete.
            await (ready.Task.IsCompleted ? Task.Delay(LossInterval, time, either.Token) : ready.Task.WaitAsync(either.Token));
        }
    }

    /// <summary>Starts the first process. A first start that fails is the caller's to report.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var first = await start(cancellationToken);
        ready.SetResult(first);
        supervising = SuperviseAsync(first);
    }

    /// <summary>From now on a process that dies is not replaced: the host lets running functions finish, and starts none.</summary>
    public void Drain() => draining.Cancel();

    /// <summary>Ends the process.</summary>
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
                await Task.Delay(Timeout.InfiniteTimeSpan, time, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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

    /// <summary>Tries until a process is ready; null when the host stops first.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "Whatever keeps a worker from starting is logged, and tried again.")]
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

    [LoggerMessage(EventId = 10, Level = LogLevel.Error, Message = "The worker process {ProcessId} ended with exit code {ExitCode}; another one is started.")]
    partial void LogDied(int processId, int exitCode);

    [LoggerMessage(EventId = 11, Level = LogLevel.Information, Message = "The worker process {ProcessId} is ready.")]
    partial void LogRestarted(int processId);

    [LoggerMessage(EventId = 12, Level = LogLevel.Error, Message = "{Reason}. The next try is in {Seconds} s.")]
    partial void LogNotRestarted(string reason, double seconds);
}
