using Parley.Events;
using Parley.Storage.ChangeLog;
using Parley.Testing;
using Parley.Tests.Conversations;
using Xunit;
using Xunit.Abstractions;

namespace Parley.Tests.Events;

/// <summary>
/// Every committed change is logged once and no other, and a tenant's feed returns each once and in order, whatever the
/// clocks of the processes show, and whichever of them dies (<see cref="LogModel"/>).
/// </summary>
public sealed class ChangeLogTests(ITestOutputHelper output)
{
    [Fact]
    public Task Interleavings_log_every_change_once_and_the_feed_returns_it_once() =>
        Interleaving.ExploreAsync(5_000, run => LogScenario.RunAsync(run), Scenario.Start);

    [Fact]
    public Task A_row_that_is_not_in_the_transaction_is_caught() => AssertCaughtAsync(run => LogScenario.RunAsync(run, new TableDefect
    {
        Omits = (table, row, property) => property is null && table == "Conversations" && row.StartsWith(ChangeRowKeys.Changes, StringComparison.Ordinal),
    }));

    /// <summary>As if the index row were written after the change, and the process died in between.</summary>
    [Fact]
    public Task A_change_without_its_index_row_is_caught() => AssertCaughtAsync(run => LogScenario.RunAsync(run, new TableDefect
    {
        Omits = (table, row, property) => property is null && table == "Tenants" && row.StartsWith(ChangeRowKeys.Changes, StringComparison.Ordinal) && row.Split('|').Length == 3,
        LosesUpsert = (table, row) => table == "Tenants" && row.StartsWith(ChangeRowKeys.Changes, StringComparison.Ordinal),
    }));

    [Fact]
    public Task A_reader_of_minutes_that_are_not_settled_is_caught() =>
        AssertCaughtAsync(run => LogScenario.RunAsync(run, settle: -TimeSpan.FromMinutes(1)));

    [Fact]
    public Task A_cursor_that_is_only_a_time_is_caught() =>
        AssertCaughtAsync(run => LogScenario.RunAsync(run, resume: page => FeedPosition.EndOf(page.Next.Minute)));

    private async Task AssertCaughtAsync(Func<Simulation, Task> scenario)
    {
        var caught = await Interleaving.CatchAsync(300, scenario, Scenario.Start);
        output.WriteLine(caught.Message);
    }
}
