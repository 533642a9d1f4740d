using Azure.Data.Tables;
using Parley.Storage;
using Parley.Testing;

namespace Parley.Tests.OnStrictTables;

/// <summary>The tables that the processes of a simulated run write schedule rows to.</summary>
internal static class ScheduleForms
{
    /// <summary>
    /// In a third of the runs all write to Schedule, in a third all to Due. In the others each writes to either, as
    /// while the setting changes.
    /// </summary>
    public static ScheduleTable Of(Simulation run, int process) => (run.Seed % 3) switch
    {
        0 => ScheduleTable.Schedule,
        1 => ScheduleTable.Due,
        _ => process % 2 == 0 ? ScheduleTable.Schedule : ScheduleTable.Due,
    };

    /// <summary>
    /// The shards of the schedule in simulated runs. With those of the product, ticks would be most of a run's calls.
    /// </summary>
    public const int Shards = 2;

    /// <summary>True for the tables of schedule rows.</summary>
    public static bool Contains(string table) => table is nameof(ScheduleTable.Schedule) or nameof(ScheduleTable.Due);

    /// <summary>The rows of both tables.</summary>
    public static async Task<List<ScheduledRow>> ScheduledRowsAsync(this ParleyTables tables) =>
    [
        .. await tables.Due.QueryAsync<TableEntity>().Select(row => new ScheduledRow(row)).ToListAsync(),
        .. await tables.Schedule.QueryAsync<TableEntity>().Select(row => new ScheduledRow(row)).ToListAsync(),
    ];

    /// <summary>A row from its keys.</summary>
    public static ScheduledRow Row(string partitionKey, string rowKey) => new(new TableEntity(partitionKey, rowKey));
}
