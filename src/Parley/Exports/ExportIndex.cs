using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Storage;

namespace Parley.Exports;

/// <summary>
/// The rows <c>e|…</c> of Due by which the timer finds exports: one while a step is to be done, at the minute when it is due, and one for the
/// removal of the file. Written before the change that they are for, those of the state before removed after it: so no export that has a step to be
/// done, and no file that is there, is ever without its row.
/// </summary>
public sealed partial class ExportIndex(ParleyTables tables, ILogger<ExportIndex> logger)
{
    /// <summary>The row of the next step; null when none is due.</summary>
    internal static TableEntity? StepRow(Export export) =>
        export.DueAt is { } due ? new TableEntity(ScheduleRowKeys.SchedulePartition(due), ExportRowKeys.ScheduledExport(export.Key, export.Step)) : null;

    /// <summary>The row for the removal of the file; null before the export has ended.</summary>
    internal static TableEntity? ExpiryRow(Export export) =>
        export.ExpiresAt is { } expires ? new TableEntity(ScheduleRowKeys.SchedulePartition(expires), ExportRowKeys.ScheduledExpiry(export.Key)) : null;

    /// <summary>Before a change: the rows of the state to come that the one before has not.</summary>
    internal Task WriteAsync(Export? before, Export after, CancellationToken cancellation) => Task.WhenAll(
        Rows(after).ExceptBy(before is null ? [] : Rows(before).Select(KeyOf), KeyOf)
            .Select(row => tables.Schedule.UpsertEntityAsync(row, TableUpdateMode.Replace, cancellation)));

    /// <summary>
    /// After it: the rows of the state before that the present one has not. What they did is stored by then, so a failure is nobody's: the timer drops
    /// what is left.
    /// </summary>
    internal async Task DropAsync(Export before, Export after, CancellationToken cancellation)
    {
        try
        {
            await Task.WhenAll(Rows(before).ExceptBy(Rows(after).Select(KeyOf), KeyOf)
                .Select(row => tables.Schedule.DeleteEntityAsync(row.PartitionKey, row.RowKey, ETag.All, cancellation)));
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            LogRowsLeft(logger, e, after.Id);
        }
    }

    private static (string, string) KeyOf(TableEntity row) => (row.PartitionKey, row.RowKey);

    private static IEnumerable<TableEntity> Rows(Export export) => new[] { StepRow(export), ExpiryRow(export) }.OfType<TableEntity>();

    [LoggerMessage(1301, LogLevel.Warning, "Old index rows of export {Export} were left behind; the timer drops them.")]
    private static partial void LogRowsLeft(ILogger logger, Exception exception, Guid export);
}
