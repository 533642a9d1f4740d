using Parley.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Parley.Tests.Exports;

/// <summary>Each precaution is necessary: an implementation without it violates an invariant.</summary>
public sealed class BrokenExportTests(ITestOutputHelper output)
{
    [Fact]
    public Task An_export_without_its_schedule_row_is_caught() =>
        AssertCaughtAsync(BrokenExports.WithoutIndexRow, "is pending without its schedule row");

    [Fact]
    public Task Completing_an_export_without_its_lease_is_caught() => AssertCaughtAsync(BrokenExports.WithoutLease, "became Completed|ended again|Step 1 after", first: 45);

    [Fact]
    public Task Attempts_that_share_a_blob_are_caught() => AssertCaughtAsync(BrokenExports.WithOneBlob, "Completed without its file|Assert.Equal|InvalidBlockList", first: 105);

    [Fact]
    public Task A_webhook_recorded_as_delivered_before_it_is_sent_is_caught() => AssertCaughtAsync(BrokenExports.WithConclusionFirst, "without an accepted delivery");

    [Fact]
    public Task Deleting_schedule_rows_before_their_entity_is_written_is_caught() => AssertCaughtAsync(BrokenExports.WithoutStaleAge, "without its schedule row", first: 20);

    [Fact]
    public Task A_complete_copy_keeps_every_invariant() => Interleaving.ExploreAsync(100, run => ExportScenario.RunAsync(run, BrokenExports.Whole));

    /// <summary>
    /// The run must fail with a message that matches <paramref name="by"/>, not because of another difference of the
    /// copy.
    /// </summary>
    /// <param name="first">The search begins shortly before a seed that fails, which saves time.</param>
    private async Task AssertCaughtAsync(ExportOperations broken, string by, int first = 1)
    {
        var caught = await Interleaving.CatchAsync(2_000, run => ExportScenario.RunAsync(run, broken), first: first);
        output.WriteLine(caught.Message);
        Assert.Matches(by, caught.Message);
    }
}
