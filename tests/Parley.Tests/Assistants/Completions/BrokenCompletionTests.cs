using Parley.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Parley.Tests.Assistants.Completions;

/// <summary>What each precaution is for: without it the invariants do not hold.</summary>
public sealed class BrokenCompletionTests(ITestOutputHelper output)
{
    [Fact]
    public Task A_copy_of_who_speaks_is_as_good() => Interleaving.ExploreAsync(50, run => CompletionScenario.RunAsync(run, BrokenCompletions.Whole), CompletionScenario.Start);

    [Fact]
    public Task Showing_what_is_not_stored_yet_is_caught() => AssertCaughtAsync(BrokenCompletions.PublishingFirst, "Shown as event .* stored: \\.");

    [Fact]
    public Task Writing_whatever_has_become_of_the_turn_is_caught() => AssertCaughtAsync(
        BrokenCompletions.WithoutETag, "what has ended changes|another reply of one attempt|another producer|another whole reply|is begun again|events up to|event \\d+ was");

    [Fact]
    public Task Replying_while_a_human_answers_is_caught() => AssertCaughtAsync(BrokenCompletions.WithoutHandOff, "an automatic reply while a human answers");

    [Fact]
    public Task Ending_who_still_speaks_is_caught() => AssertCaughtAsync(BrokenCompletions.WithoutLookingTwice, "which lives");

    [Fact]
    public Task Dropping_rows_that_find_nothing_yet_is_caught() => AssertCaughtAsync(BrokenCompletions.WithoutPatience, "the timer does not find turn");

    /// <summary>By what it does, and not by something else about the copy.</summary>
    private async Task AssertCaughtAsync(CompletionWays broken, string by)
    {
        var caught = await Interleaving.CatchAsync(1000, run => CompletionScenario.RunAsync(run, broken), CompletionScenario.Start);
        output.WriteLine(caught.Message);
        Assert.Matches(by, caught.Message);
    }
}
