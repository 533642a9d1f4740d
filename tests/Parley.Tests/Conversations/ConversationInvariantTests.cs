using Parley.Conversations;
using Parley.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Parley.Tests.Conversations;

/// <summary>
/// Several processes post, edit and create at once, with faults and crashes. No acknowledged write is lost or doubled,
/// numbers are dense, the head agrees with its messages, and index rows exist (<see cref="Model.VerifyAsync"/>).
/// </summary>
public sealed class ConversationInvariantTests(ITestOutputHelper output)
{
    [Fact]
    public Task Interleavings_keep_every_invariant() =>
        Interleaving.ExploreAsync(10_000, run => Scenario.RunAsync(run), Scenario.Start);

    [Fact]
    public Task Interleavings_beside_an_instance_of_an_earlier_version_keep_every_invariant() =>
        Interleaving.ExploreAsync(5_000, run => Scenario.RunAsync(run, earlier: true), Scenario.Start);

    [Fact]
    public Task A_process_that_does_not_recognize_its_write_id_is_caught() => AssertCaughtAsync(new TableDefect
    {
        Reads = (_, rowKey, property, value) =>
            property == "WriteId" && rowKey.StartsWith("m|", StringComparison.Ordinal) ? "another" : value,
    });

    [Fact]
    public Task A_process_that_writes_the_head_without_if_match_is_caught() => AssertCaughtAsync(new TableDefect
    {
        IgnoresCondition = (table, rowKey, _) => table == "Conversations" && rowKey == ConversationRowKeys.Head,
    });

    private async Task AssertCaughtAsync(TableDefect defect)
    {
        var caught = await Interleaving.CatchAsync(1000, run => Scenario.RunAsync(run, defect), Scenario.Start);
        output.WriteLine(caught.Message);
    }
}
