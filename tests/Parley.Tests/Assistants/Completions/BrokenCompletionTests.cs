using Parley.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Parley.Tests.Assistants.Completions;

/// <summary>Each precaution is necessary: an implementation without it violates an invariant.</summary>
public sealed class BrokenCompletionTests(ITestOutputHelper output)
{
    [Fact]
    public Task A_complete_copy_of_the_producer_keeps_every_invariant() => Interleaving.ExploreAsync(50, run => CompletionScenario.RunAsync(run, BrokenCompletions.Whole), CompletionScenario.Start);

    [Fact]
    public Task Publishing_text_before_it_is_stored_is_caught() => AssertCaughtAsync(BrokenCompletions.PublishingFirst, "Shown as event .* stored: \\.");

    [Fact]
    public Task Writing_a_completion_without_its_ETag_is_caught() => AssertCaughtAsync(
        BrokenCompletions.WithoutETag, "an ended completion changes|another reply of one attempt|another producer|another complete reply|is begun again|events up to|event \\d+ was",
        first: 40);

    [Fact]
    public Task An_automatic_reply_during_a_hand_off_is_caught() => AssertCaughtAsync(BrokenCompletions.WithoutHandOff, "an automatic reply while a human answers", first: 30);

    [Fact]
    public Task Ending_a_completion_whose_producer_is_alive_is_caught() => AssertCaughtAsync(BrokenCompletions.WithoutLivenessCheck, "which is alive", first: 255);

    [Fact]
    public Task Deleting_schedule_rows_before_their_entity_is_written_is_caught() => AssertCaughtAsync(BrokenCompletions.WithoutWaitingForWriters, "there is no schedule row for completion", first: 105);

    /// <summary>
    /// The run must fail with a message that matches <paramref name="by"/>, not because of another difference of the
    /// copy.
    /// </summary>
    /// <param name="first">The search begins shortly before a seed that fails, which saves time.</param>
    private async Task AssertCaughtAsync(CompletionOperations broken, string by, int first = 1)
    {
        var caught = await Interleaving.CatchAsync(1000, run => CompletionScenario.RunAsync(run, broken), CompletionScenario.Start, first);
        output.WriteLine(caught.Message);
        Assert.Matches(by, caught.Message);
    }
}
