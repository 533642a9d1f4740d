using Parley.Testing;
using Xunit;

namespace Parley.Tests.OnStrictTables;

public sealed class InterleavingTests
{
    private static readonly string[] Texts = ["a", "b", "c"];

    [Fact]
    public Task Three_processes_append_to_one_conversation() => Interleaving.ExploreAsync(500, ThreeProcessesAppendAsync);

    [Fact]
    public Task Three_requests_of_one_process_append_one_after_the_other() => Interleaving.ExploreAsync(100, async run =>
    {
        var (tables, conversation) = await Appends.NewConversationAsync(run.Time);
        var process = new ParleyProcess(run.Connect(tables, "one"), run.Time, run.Seed);
        await Task.WhenAll(Texts.Select(text => Appends.AppendAsync(process, conversation, text)));
        Assert.DoesNotContain(run.Trace, line => line.EndsWith("412", StringComparison.Ordinal));
        await Appends.VerifyAsync(tables, run.Time, conversation, Texts);
    });

    [Fact]
    public Task Appends_survive_busy_storage_time_outs_and_lost_responses() => Interleaving.ExploreAsync(500, async run =>
    {
        var (tables, conversation) = await Appends.NewConversationAsync(run.Time);
        run.CallTime = TimeSpan.FromMilliseconds(50);
        await Task.WhenAll(Texts.Select(async (text, i) =>
        {
            var hooks = new TableHooks { Fault = Writes(TableHooks.OneIn(4, (run.Seed * 10) + i, Fault.Unanswered)) };
            var process = new ParleyProcess(run.Connect(tables, text, hooks), run.Time, (run.Seed * 10) + i);
            await Appends.AppendAsync(process, conversation, text);
        }));
        run.DeliverLate();
        await Appends.VerifyAsync(tables, run.Time, conversation, Texts);
    });

    [Fact]
    public async Task The_same_seed_gives_the_same_run()
    {
        var traces = new HashSet<string>(StringComparer.Ordinal);
        for (var seed = 1; seed <= 200; seed++)
        {
            var first = await Interleaving.RunAsync(seed, ThreeProcessesAppendAsync);
            var second = await Interleaving.RunAsync(seed, ThreeProcessesAppendAsync);
            Assert.Equal(first.Trace, second.Trace);
            Assert.Equal(first.Time.GetUtcNow(), second.Time.GetUtcNow());
            traces.Add(string.Join('\n', first.Trace));
        }

        Assert.InRange(traces.Count, 50, 200);
    }

    private static Func<TableCall, Fault> Writes(Func<TableCall, Fault> faults) =>
        call => call is { IsWrite: true, Table: "Conversations" } ? faults(call) : Fault.None;

    private static async Task ThreeProcessesAppendAsync(Simulation run)
    {
        var (tables, conversation) = await Appends.NewConversationAsync(run.Time);
        await Task.WhenAll(Texts.Select((text, i) =>
            Appends.AppendAsync(new ParleyProcess(run.Connect(tables, text), run.Time, (run.Seed * 10) + i), conversation, text)));
        await Appends.VerifyAsync(tables, run.Time, conversation, Texts);
    }
}
