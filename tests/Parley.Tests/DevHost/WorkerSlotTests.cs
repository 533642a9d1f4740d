using Microsoft.Extensions.Logging.Abstractions;
using Parley.DevHost.Common;
using Parley.DevHost.Worker;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.DevHost;

#pragma warning disable CA1001 // Disposed by IAsyncLifetime.DisposeAsync.
public sealed class WorkerSlotTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly ManualTime time = new(Noon);
    private readonly List<FakeProcess> processes = [];
    private readonly Queue<Exception> failures = new();
    private WorkerSlot slot = null!;

    public async Task InitializeAsync()
    {
        slot = new WorkerSlot(StartAsync, time, NullLogger<WorkerSlot>.Instance);
        await slot.StartAsync(CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        slot.Drain();
        processes[^1].Kill();
        await slot.DisposeAsync();
    }

    [Fact]
    public async Task A_process_that_dies_is_replaced_after_pauses_that_grow()
    {
        var due = Noon;
        foreach (var pause in (double[])[0.5, 1, 2, 4, 8, 16, 30, 30])
        {
            processes[^1].Kill();
            due += TimeSpan.FromSeconds(pause);
            await Eventually.TrueAsync(() => time.NextDue == due);
            Assert.Null(slot.Current);
            var waiting = slot.WaitAsync(CancellationToken.None);
            Assert.False(waiting.IsCompleted);
            time.Advance(TimeSpan.FromSeconds(pause));
            Assert.Same(await waiting.WaitAsync(Wait.Limit), slot.Current);
        }
    }

    [Fact]
    public async Task After_a_minute_the_first_pause_is_short_again()
    {
        processes[^1].Kill();
        await Eventually.TrueAsync(() => time.NextDue is not null);
        time.Advance(TimeSpan.FromSeconds(0.5));
        await slot.WaitAsync(CancellationToken.None).WaitAsync(Wait.Limit);
        time.Advance(TimeSpan.FromSeconds(61));
        var died = time.GetUtcNow();
        processes[^1].Kill();
        await Eventually.TrueAsync(() => time.NextDue == died + TimeSpan.FromSeconds(0.5));
    }

    [Fact]
    public async Task A_failed_start_of_a_process_is_retried_after_any_exception()
    {
        failures.Enqueue(new HostStartException("an invalid setting"));
        failures.Enqueue(new TimeoutException("an unexpected failure"));
        processes[^1].Kill();
        foreach (var pause in (double[])[0.5, 1, 2])
        {
            await Eventually.TrueAsync(() => time.NextDue is not null);
            time.Advance(TimeSpan.FromSeconds(pause));
        }

        await slot.WaitAsync(CancellationToken.None).WaitAsync(Wait.Limit);
        Assert.Equal(2, processes.Count);
    }

    [Fact]
    public async Task A_process_that_dies_while_the_host_drains_is_not_replaced_and_waiting_for_it_is_cancelled()
    {
        slot.Drain();
        processes[^1].Kill();
        await Eventually.TrueAsync(() => slot.Current is null);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => slot.WaitAsync(CancellationToken.None).WaitAsync(Wait.Limit));
        Assert.Single(processes);
    }

    [Fact]
    public async Task A_draining_host_keeps_the_process_that_runs()
    {
        slot.Drain();
        Assert.NotNull(slot.Current);
        Assert.Same(slot.Current, await slot.WaitAsync(CancellationToken.None));
    }

    private Task<RunningWorker> StartAsync(CancellationToken cancellationToken)
    {
        if (failures.TryDequeue(out var failure))
        {
            return Task.FromException<RunningWorker>(failure);
        }

        var process = new FakeProcess();
        processes.Add(process);
        return Task.FromResult(new RunningWorker(process, new WorkerConnection($"{processes.Count}", _ => { })));
    }

    private sealed class FakeProcess : IWorkerProcess
    {
        private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Id => 1;

        public int ExitCode => 137;

        public string Output => "";

        public Task WaitForExitAsync(CancellationToken cancellationToken) => ended.Task;

        public void Kill() => ended.TrySetResult();

        public void Dispose() => Kill();
    }
}
