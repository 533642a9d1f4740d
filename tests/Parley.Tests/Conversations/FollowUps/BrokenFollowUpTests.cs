using Parley.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Parley.Tests.Conversations.FollowUps;

/// <summary>What each precaution is for: without it the invariants do not hold.</summary>
public sealed class BrokenFollowUpTests(ITestOutputHelper output)
{
    [Fact]
    public Task A_copy_of_the_firing_is_as_good() =>
        Interleaving.ExploreAsync(200, run => FollowUpScenario.RunAsync(run, BrokenFollowUps.Whole), FollowUpScenario.Start);

    [Fact]
    public Task Rows_in_Due_without_the_revision_are_caught() => AssertCaughtAsync(BrokenFollowUps.WithoutRevision, "pending without a row in Due");

    [Fact]
    public Task Sending_what_is_not_pending_any_more_is_caught() => AssertCaughtAsync(BrokenFollowUps.WithoutFence, "of a follow-up that is|sent again");

    [Fact]
    public Task A_hand_off_that_ends_none_is_caught() => AssertCaughtAsync(BrokenFollowUps.WithoutHandOff, "after the hand-off some are pending");

    [Fact]
    public Task Believing_the_time_of_an_old_row_is_caught() => AssertCaughtAsync(BrokenFollowUps.WithoutLookingAtTheTime, "sent at");

    [Fact]
    public Task Deleting_schedule_rows_before_their_entity_is_written_is_caught() =>
        AssertCaughtAsync(BrokenFollowUps.WithoutStaleAge, "pending without a row in Due");

    /// <summary>By what it does, and not by something else about the copy.</summary>
    private async Task AssertCaughtAsync(FollowUpOperations broken, string by)
    {
        var caught = await Interleaving.CatchAsync(5000, run => FollowUpScenario.RunAsync(run, broken), FollowUpScenario.Start);
        output.WriteLine(caught.Message);
        Assert.Matches(by, caught.Message);
    }
}
