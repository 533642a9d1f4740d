using Azure;
using Azure.Data.Tables;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.OnStrictTables;

/// <summary>Calls of a process to something other than the tables, here a queue.</summary>
public sealed class ForeignCallTests
{
    private static readonly ForeignCall Send = new("queue", "Send", "things");

    private readonly StrictTables tables = new(new VirtualTime());
    private readonly List<string> queue = [];

    [Fact]
    public async Task A_foreign_call_is_numbered_and_seen_by_hooks_like_any_other()
    {
        var seen = new List<string>();
        var process = tables.Connect("a", new TableHooks
        {
            Before = (call, _) =>
            {
                seen.Add($"{call}");
                return ValueTask.CompletedTask;
            },
            After = (call, status) => seen.Add($"{call.Number}: {status} {call.Kind} {call.Foreign?.Service} {call.IsWrite}"),
        });
        await process.CallAsync(Send, () => queue.Add("one"));
        await process.ServiceClient().GetTableClient("Table").CreateIfNotExistsAsync();
        Assert.Equal("one", await process.CallAsync(Send with { Operation = "Peek", IsWrite = false }, () => queue[0], _ => 202));
        Assert.Equal(
            ["a#1 queue Send things", "1: 200 Foreign queue True", "a#2 CreateTable Table  []", "2: 204 CreateTable  True", "a#3 queue Peek things", "3: 202 Foreign queue False"],
            seen);
        Assert.Equal((3, 0), (process.Calls, process.EntitiesRead));
    }

    [Theory]
    [InlineData(FaultSide.Before, 0)]
    [InlineData(FaultSide.After, 1)]
    public async Task A_crash_at_a_foreign_call_ends_the_process(FaultSide side, int sent)
    {
        var process = Failing(new Fault(FaultKind.Crash, side));
        await Assert.ThrowsAsync<CrashException>(() => process.CallAsync(Send, () => queue.Add("one")));
        await Assert.ThrowsAsync<CrashException>(() => process.CallAsync(Send, () => queue.Add("two")));
        await Assert.ThrowsAsync<CrashException>(() => process.ServiceClient().GetTableClient("Table").CreateIfNotExistsAsync());
        Assert.Equal((true, sent), (process.IsDead, queue.Count));
    }

    [Fact]
    public async Task A_call_without_a_response_fails_as_storage_clients_do_or_as_the_caller_defines()
    {
        foreach (var fault in Fault.Unanswered.Where(fault => fault.Side != FaultSide.Late))
        {
            queue.Clear();
            var failure = await Assert.ThrowsAnyAsync<Exception>(() => Failing(fault).CallAsync(Send, () => queue.Add("one")));
            Assert.True(Parley.Storage.StorageErrors.IsOutcomeUnknown(failure, CancellationToken.None), failure.ToString());
            Assert.Equal(fault.Kind == FaultKind.Busy, failure is RequestFailedException { Status: 503, ErrorCode: "ServerBusy" });
            Assert.Equal(fault.Side == FaultSide.After ? 1 : 0, queue.Count);

            Assert.Equal($"{fault.Kind}", await Failing(fault).CallAsync(Send, () => "sent", failed: kind => $"{kind}"));
        }

        await Assert.ThrowsAsync<NotSupportedException>(() => Failing(Fault.Cut(1)).CallAsync(Send, () => queue.Add("one")));
    }

    [Fact]
    public async Task A_slow_foreign_call_is_given_up_and_then_lands_late_or_never()
    {
        var outcomes = new HashSet<string>(StringComparer.Ordinal);
        await Interleaving.ExploreAsync(100, async run =>
        {
            var sent = new List<string>();
            run.SlowOneIn = 3;
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(10), run.Time);
            var outcome = "done";
            try
            {
                await run.Connect(new StrictTables(run.Time), "slow").CallAsync(Send, () => sent.Add("one"), timeout.Token);
            }
            catch (OperationCanceledException)
            {
                outcome = "given up";
            }

            run.DeliverLate();
            outcomes.Add($"{outcome}, {sent.Count}");
        });
        Assert.Equal(["done, 1", "given up, 0", "given up, 1"], outcomes.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Crash_exploration_ends_the_process_at_a_foreign_call_too()
    {
        var outcomes = new HashSet<(bool Row, int Sent)>();
        var calls = await CrashExploration.RunAsync(
            async (run, fresh) =>
            {
                await fresh.Connect("setup").ServiceClient().GetTableClient("Table").CreateIfNotExistsAsync();
                return (Run: run, Sent: new List<string>());
            },
            async (model, process) =>
            {
                await process.ServiceClient().GetTableClient("Table").AddEntityAsync(new TableEntity("p", "r"));
                await process.CallAsync(Send, () => model.Sent.Add("one"));
                Assert.Same(model.Run, SynchronizationContext.Current);
            },
            (_, _) => Task.CompletedTask,
            async (model, process) => outcomes.Add(
                ((await process.ServiceClient().GetTableClient("Table").GetEntityIfExistsAsync<TableEntity>("p", "r")).HasValue, model.Sent.Count)),
            CrashExploration.CrashesAndLateCalls);
        Assert.Equal(2, calls);
        Assert.Equal([(false, 0), (true, 0), (true, 1)], outcomes.Order());
    }

    [Fact]
    public async Task Under_the_scheduler_the_same_seed_gives_the_same_run_and_orders_differ()
    {
        var orders = new HashSet<string>(StringComparer.Ordinal);
        for (var seed = 1; seed <= 20; seed++)
        {
            var (first, second) = (new List<string>(), new List<string>());
            Assert.Equal((await RunAsync(first)).Trace, (await RunAsync(second)).Trace);
            Assert.Equal(first, second);
            orders.Add(string.Concat(first));

            Task<Simulation> RunAsync(List<string> sent) => Interleaving.RunAsync(seed, run =>
            {
                var fresh = new StrictTables(run.Time);
                return Task.WhenAll(((string[])["a", "b", "c"]).Select(name => run.Connect(fresh, name).CallAsync(Send, () => sent.Add(name))));
            });
        }

        Assert.InRange(orders.Count, 4, 6);
    }

    private TableConnection Failing(Fault firstCall) => tables.Connect("test", new TableHooks { Fault = TableHooks.At(1, firstCall) });
}
