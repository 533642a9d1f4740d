using Parley.Core;
using Parley.Exports;
using Parley.Spreadsheets;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Exports;

/// <summary>
/// Two instances whose clocks differ give the step of an export a later time and then its first time again. The first
/// instance's deletion of the first row is carried out last.
/// </summary>
public sealed class ExportRedatingTests
{
    [Fact]
    public async Task A_late_delete_of_an_earlier_row_leaves_the_row_of_a_later_revision() =>
        Assert.True(await IsFoundAfterLateDeleteAsync(ScheduleTable.Schedule));

    /// <summary>Rows of the table Due lack the revision, as versions before 0.2.0 write them.</summary>
    [Fact]
    public async Task In_Due_the_late_delete_hits_the_later_row() =>
        Assert.False(await IsFoundAfterLateDeleteAsync(ScheduleTable.Due));

    private static async Task<bool> IsFoundAfterLateDeleteAsync(ScheduleTable write)
    {
        var isFound = false;
        await Interleaving.RunAsync(1, async run =>
        {
            var model = new ExportModel(run, new StrictTables(run.Time)) { Write = write };
            await model.BuildAsync();
            var setup = model.Unscheduled();
            var (created, _) = await setup.ExportCreation.CreateAsync(
                model.Tenants[0], new NewExport(null, null, ExportModel.CallbackUrl, Language.EnUs, TableFormat.Csv), null, CancellationToken.None);
            var first = created.DueAt!.Value;
            var late = new List<Action>();
            var ahead = model.Unscheduled("ahead", TimeSpan.FromMinutes(5), new TableHooks
            {
                Fault = call => call.Kind == TableCallKind.Delete ? new Fault(FaultKind.Lost, FaultSide.Late) : Fault.None,
                Late = (_, work) => late.Add(work),
            });
            var behind = model.Unscheduled("behind");

            await ahead.Exports.ChangeAsync(created, isLatest: false, export => export with { DueAt = first.AddMinutes(5) }, CancellationToken.None);
            var again = await behind.Exports.ChangeAsync(created, isLatest: false, export => export with { DueAt = first }, CancellationToken.None);
            Assert.Single(late)();

            var rows = await setup.Tables.ScheduledRowsAsync();
            isFound = rows.Any(row => row.IsOf(ExportStore.ScheduledStep(again)!.Value));
        });
        return isFound;
    }
}
