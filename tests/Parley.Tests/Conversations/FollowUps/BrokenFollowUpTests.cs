using Parley.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Parley.Tests.Conversations.FollowUps;

/// <summary>Each precaution is necessary: an implementation without it violates an invariant.</summary>
public sealed class BrokenFollowUpTests(ITestOutputHelper output)
{
    [Fact]
    public Task A_complete_copy_of_the_sender_keeps_every_invariant() =>
        Interleaving.ExploreAsync(200, run => FollowUpScenario.RunAsync(run, BrokenFollowUps.Whole), FollowUpScenario.Start);

    [Fact]
    public Task Schedule_rows_without_the_revision_are_caught() => AssertCaughtAsync(BrokenFollowUps.WithoutRevision, "pending without a schedule row", first: 80);

    [Fact]
    public Task Sending_a_follow_up_that_is_no_longer_pending_is_caught() => AssertCaughtAsync(BrokenFollowUps.WithoutFence, "of a follow-up that is|goes from revision|sent again");

    [Fact]
    public Task A_hand_off_that_leaves_follow_ups_pending_is_caught() => AssertCaughtAsync(BrokenFollowUps.WithoutHandOff, "after the hand-off some are pending");

    [Fact]
    public Task Sending_out_of_order_is_caught() => AssertCaughtAsync(BrokenFollowUps.WithoutOrder, "is sent before");

    [Fact]
    public Task Using_the_time_of_an_outdated_schedule_row_is_caught() => AssertCaughtAsync(BrokenFollowUps.WithoutTimeCheck, "sent at", first: 50);

    [Fact]
    public Task Deleting_schedule_rows_before_their_entity_is_written_is_caught() =>
        AssertCaughtAsync(BrokenFollowUps.WithoutStaleAge, "pending without a schedule row", first: 3350);

    /// <summary>
    /// The run must fail with a message that matches <paramref name="by"/>, not because of another difference of the
    /// copy.
    /// </summary>
    /// <param name="first">The search begins shortly before a seed that fails, which saves time.</param>
    private async Task AssertCaughtAsync(FollowUpOperations broken, string by, int first = 1)
    {
        var caught = await Interleaving.CatchAsync(5000, run => FollowUpScenario.RunAsync(run, broken), FollowUpScenario.Start, first);
        output.WriteLine(caught.Message);
        Assert.Matches(by, caught.Message);
    }
}
