using Parley.DevHost.Common;

namespace Parley.DevHost.Worker;

/// <summary>The place of one worker: when its process dies another one is started, with growing pauses, until the host stops.</summary>
/// <param name="start">Starts a process.</param>
/// <param name="time">The clock of the pauses.</param>
/// <param name="logger">Where deaths and failed starts are logged.</param>
internal sealed partial class WorkerSlot(Func<CancellationToken, Task<RunningWorker>> start, TimeProvider time, ILogger<WorkerSlot> logger) : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    // After so long the next death is not taken for a consequence of the last start.
    private static readonly TimeSpan Stable = TimeSpan.FromMinutes(1);

    // Running functions have ended when a worker is told to end; it only disposes its services.
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource stopping = new();
    private TaskCompletionSource<RunningWorker> ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task supervising = Task.CompletedTask;

    /// <summary>The process that runs now; null while there is none.</summary>
    public RunningWorker? Current => ready.Task is { IsCompletedSuccessfully: true, Result: { Ended.IsCompleted: false } worker } ? worker : null;

    /// <summary>The process that runs now, or the next one as soon as it is ready.</summary>
    public Task<RunningWorker> WaitAsync(CancellationToken cancellationToken) => ready.Task.WaitAsync(cancellationToken);

    /// <summary>Starts the first process. A first start that fails is the caller's to report.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var first = await start(cancellationToken);
        ready.SetResult(first);
        supervising = SuperviseAsync(first);
    }

    /// <summary>Ends the process.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await supervising;
        stopping.Dispose();
    }

    private async Task SuperviseAsync(RunningWorker worker)
    {
        var pause = FirstPause;
        while (true)
        {
            var began = time.GetTimestamp();
            await worker.Ended.WaitAsync(stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stopping.IsCancellationRequested)
            {
                await worker.StopAsync(EndLimit);
                worker.Dispose();
                return;
            }

            LogDied(worker.ProcessId, worker.ExitCode);
            worker.Dispose();
            ready = new TaskCompletionSource<RunningWorker>(TaskCreationOptions.RunContinuationsAsynchronously);
            pause = time.GetElapsedTime(began) > Stable ? FirstPause : pause;
            if (await RestartAsync(pause) is not { } next)
            {
                return;
            }

            worker = next;
            ready.SetResult(worker);
            LogRestarted(worker.ProcessId);
            pause = Longer(pause);
        }
    }

    /// <summary>Tries until a process is ready; null when the host stops first.</summary>
    private async Task<RunningWorker?> RestartAsync(TimeSpan pause)
    {
        while (true)
        {
            await Task.Delay(pause, time, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                stopping.Token.ThrowIfCancellationRequested();
                return await start(stopping.Token);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return null;
            }
            catch (HostStartException e)
            {
                pause = Longer(pause);
                LogNotRestarted(e.Message, pause.TotalSeconds);
            }
        }
    }

    private static TimeSpan Longer(TimeSpan pause) => pause * 2 < LongestPause ? pause * 2 : LongestPause;

    [LoggerMessage(EventId = 10, Level = LogLevel.Error, Message = "The worker process {ProcessId} ended with exit code {ExitCode}; another one is started.")]
    partial void LogDied(int processId, int exitCode);

    [LoggerMessage(EventId = 11, Level = LogLevel.Information, Message = "The worker process {ProcessId} is ready.")]
    partial void LogRestarted(int processId);

    [LoggerMessage(EventId = 12, Level = LogLevel.Error, Message = "{Reason} The next try is in {Seconds} s.")]
    partial void LogNotRestarted(string reason, double seconds);
}
