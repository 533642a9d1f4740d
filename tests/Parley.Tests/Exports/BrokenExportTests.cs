using Parley.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Parley.Tests.Exports;

/// <summary>What each precaution is for: without it the invariants do not hold.</summary>
public sealed class BrokenExportTests(ITestOutputHelper output)
{
    [Fact]
    public Task An_export_without_its_schedule_row_is_caught() =>
        AssertCaughtAsync(BrokenExports.WithoutIndexRow, "is to be done without its row in Due");

    [Fact]
    public Task Completing_what_is_somebody_elses_is_caught() => AssertCaughtAsync(BrokenExports.WithoutLease, "became Completed|ended again|Step 1 after");

    [Fact]
    public Task Attempts_that_share_a_blob_are_caught() => AssertCaughtAsync(BrokenExports.WithOneBlob, "Completed without its file|Assert.Equal");

    [Fact]
    public Task A_callback_that_is_concluded_before_it_is_sent_is_caught() => AssertCaughtAsync(BrokenExports.WithConclusionFirst, "nobody has taken one");

    [Fact]
    public Task Deleting_schedule_rows_before_their_entity_is_written_is_caught() => AssertCaughtAsync(BrokenExports.WithoutStaleAge, "without its row in Due");

    [Fact]
    public Task A_copy_is_as_good() => Interleaving.ExploreAsync(100, run => ExportScenario.RunAsync(run, BrokenExports.Whole));

    /// <summary>By what it does, and not by something else about the copy.</summary>
    private async Task AssertCaughtAsync(ExportOperations broken, string by)
    {
        var caught = await Interleaving.CatchAsync(2_000, run => ExportScenario.RunAsync(run, broken));
        output.WriteLine(caught.Message);
        Assert.Matches(by, caught.Message);
    }
}
