using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;

namespace Parley.Exports;

/// <summary>
/// Reads, lists and changes exports, and keeps their index rows <c>e|…</c> in the table Due: one for the next step, at
/// its minute, and one for the removal of the file. The index rows of a change are written before it, and those that it
/// makes obsolete are deleted after it: the timer therefore finds every pending step and every file.
/// </summary>
public sealed partial class ExportStore(
    ParleyTables tables,
    Cursors cursors,
    OptimisticUpdate updates,
    ILogger<ExportStore> logger)
{
    /// <summary>The property of a tenant's counter row that holds the number of its last export.</summary>
    internal const string Counter = "LastExport";

    /// <summary>The error for every id that is not the id of an export of the caller's tenant.</summary>
    public static ParleyException NotFound() => ErrorCode.ExportNotFound.With("There is no such export.");

    /// <summary>Reads the export with an id from a path: one point read.</summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ExportNotFound"/>: also for a malformed id, an id whose check does not match, and another
    /// tenant's id.
    /// </exception>
    public async Task<Export> GetAsync(TenantId tenant, string id, CancellationToken cancellation) =>
        EntityRef.TryParse<ExportKey>(id, tenant, out var reference)
        && await FindAsync(reference.Key, cancellation) is { } export
        && reference.Matches(export.Check)
            ? export
            : throw NotFound();

    /// <summary>
    /// Reads a page of all exports. Numbers are dense, so a page is one range of keys and costs two calls.
    /// </summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidCursor"/>.</exception>
    public Task<ListPage<Export>> ListAsync(
        TenantId tenant, string? cursor, int pageSize, CancellationToken cancellation) =>
        cursors.ReadPageAsync(
            tables.Tenants,
            tenant,
            "exports",
            Counter,
            ExportRowKeys.Export,
            ExportRow.Read,
            cursor,
            pageSize,
            cancellation);

    internal async Task<Export?> FindAsync(ExportKey key, CancellationToken cancellation)
    {
        var row = await tables.Tenants.FindAsync(
            key.Tenant.PartitionKey, ExportRowKeys.Export(key.Number), cancellation);
        return row is null ? null : ExportRow.Read(row, key.Tenant);
    }

    /// <summary>Changes an export: one write of its row under its ETag, with its index rows before and after.</summary>
    /// <param name="known">The export as the caller has it.</param>
    /// <param name="isLatest">
    /// True when <paramref name="known"/> is the last read or written state; this saves a read. False for requests of
    /// clients: several may have read the export before they wait for the lock here.
    /// </param>
    /// <param name="change">
    /// Returns the new state for the current one, or the current one when nothing changes. Throws to refuse the change.
    /// </param>
    /// <returns>The export as stored after the change.</returns>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.Busy"/>, <see cref="ErrorCode.StorageUnavailable"/> (not known whether it was stored).
    /// </exception>
    internal async Task<Export> ChangeAsync(
        Export known, bool isLatest, Func<Export, Export> change, CancellationToken cancellation)
    {
        var before = known;
        var after = await updates.WriteAsync(
            tables.Tenants,
            $"{known.Key.Tenant.PartitionKey}|{ExportRowKeys.Export(known.Key.Number)}",
            isLatest ? OptimisticUpdate.StartWith(known, ReadAsync) : ReadAsync,
            export => new RowVersion(export.Revision, export.EditId, export.ETag),
            async (export, editId, token) =>
            {
                var changed = change(export);
                if (changed == export)
                {
                    return new Edit<Export>(export, []);
                }

                before = export;
                changed = changed with { Revision = export.Revision + 1, EditId = editId };
                await WriteIndexRowsAsync(export, changed, token);
                return new Edit<Export>(
                    changed,
                    [new(TableTransactionActionType.UpdateReplace, ExportRow.Create(changed), export.ETag)]);
            },
            cancellation);
        await DropIndexRowsAsync(before, after, cancellation);
        return after;

        async Task<Export> ReadAsync(CancellationToken token) =>
            await FindAsync(known.Key, token)
            ?? throw new InvalidOperationException($"Export {known.Id} no longer exists.");
    }

    /// <summary>The index row of the next step; null when there is none.</summary>
    internal static TableEntity? StepRow(Export export) => export.DueAt is { } due
        ? new TableEntity(
            ScheduleRowKeys.SchedulePartition(due), ExportRowKeys.ScheduledExport(export.Key, export.Step))
        : null;

    /// <summary>The index row for the removal of the file; null before the export has ended.</summary>
    internal static TableEntity? ExpiryRow(Export export) => export.ExpiresAt is { } expires
        ? new TableEntity(ScheduleRowKeys.SchedulePartition(expires), ExportRowKeys.ScheduledExpiry(export.Key))
        : null;

    /// <summary>
    /// Writes the index rows of the state <paramref name="after"/> that <paramref name="before"/> does not have. Call
    /// it before the change itself.
    /// </summary>
    internal Task WriteIndexRowsAsync(Export? before, Export after, CancellationToken cancellation) => Task.WhenAll(
        IndexRowsOf(after).ExceptBy(before is null ? [] : IndexRowsOf(before).Select(KeyOf), KeyOf)
            .Select(row => tables.Schedule.UpsertEntityAsync(row, TableUpdateMode.Replace, cancellation)));

    private async Task DropIndexRowsAsync(Export before, Export after, CancellationToken cancellation)
    {
        try
        {
            await Task.WhenAll(IndexRowsOf(before).ExceptBy(IndexRowsOf(after).Select(KeyOf), KeyOf)
                .Select(row => tables.Schedule.DeleteEntityAsync(
                    row.PartitionKey, row.RowKey, ETag.All, cancellation)));
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            // Best-effort clean-up: the change is stored already, and the timer drops the rows that are left.
            LogRowsLeft(logger, e, after.Id);
        }
    }

    private static (string, string) KeyOf(TableEntity row) => (row.PartitionKey, row.RowKey);

    private static IEnumerable<TableEntity> IndexRowsOf(Export export) =>
        new[] { StepRow(export), ExpiryRow(export) }.OfType<TableEntity>();

    [LoggerMessage(1301, LogLevel.Warning,
        "Old index rows of export {Export} were left behind; the timer drops them.")]
    private static partial void LogRowsLeft(ILogger logger, Exception exception, Guid export);
}
