using Parley.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Parley.Tests.Conversations;

/// <summary>
/// Posting, editing and creating, by several processes at once, with faults and crashes: nothing acknowledged is lost, nothing is
/// doubled, numbers are dense, the head is true, index rows are there (<see cref="Model.VerifyAsync"/>).
/// </summary>
public sealed class ConversationInvariantTests(ITestOutputHelper output)
{
    [Fact]
    public Task Interleavings_keep_every_invariant() =>
        Interleaving.ExploreAsync(10_000, run => Scenario.RunAsync(run, Scenario.Parleys), Scenario.Start);

    [Fact]
    public Task A_copy_of_the_append_is_as_good() => Interleaving.ExploreAsync(300, run => Scenario.RunAsync(run, BrokenAppends.Whole), Scenario.Start);

    [Fact]
    public Task An_append_that_does_not_look_for_its_write_id_is_caught() => AssertCaughtAsync(BrokenAppends.WithoutWriteId);

    [Fact]
    public Task An_append_that_writes_the_head_without_if_match_is_caught() => AssertCaughtAsync(BrokenAppends.WithoutIfMatch);

    private async Task AssertCaughtAsync(AppendWay broken)
    {
        var caught = await Interleaving.CatchAsync(1000, run => Scenario.RunAsync(run, broken), Scenario.Start);
        output.WriteLine(caught.Message);
    }
}
