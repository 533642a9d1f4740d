using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;
using Parley.Storage.ChangeLog;

namespace Parley.Exports;

/// <summary>
/// Reads, lists and changes exports, and keeps their schedule rows <c>e|…</c>: one for the next step, at its minute,
/// and one for the removal of the file. The schedule rows of a change are written before it, and those that it makes
/// obsolete are deleted after it: the timer therefore finds every pending step and every file.
/// </summary>
public sealed partial class ExportStore(
    ParleyTables tables,
    Schedule schedule,
    Cursors cursors,
    OptimisticUpdate updates,
    ObjectLog log,
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

    /// <summary>Changes an export: one write under its row's ETag, with its schedule rows before and after.</summary>
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
                await WriteScheduleRowsAsync(export, changed, token);
                return new Edit<Export>(
                    changed,
                    [
                        new(TableTransactionActionType.UpdateReplace, ExportRow.Create(changed), export.ETag),
                        Entry(changed, changed.Status == export.Status ? ChangeType.ExportUpdated : TypeOf(changed)),
                    ]);
            },
            cancellation);
        await DropScheduleRowsAsync(before, after, cancellation);
        return after;

        async Task<Export> ReadAsync(CancellationToken token) =>
            await FindAsync(known.Key, token)
            ?? throw new InvalidOperationException($"Export {known.Id} no longer exists.");
    }

    /// <summary>The operation that logs a change of an export, in its transaction.</summary>
    internal TableTransactionAction Entry(Export export, ChangeType type) =>
        log.Entry(export.Key.Tenant, export.Key.Number, type, export.Id, export.Revision);

    private static ChangeType TypeOf(Export export) => export.Status switch
    {
        ExportStatus.Completed => ChangeType.ExportCompleted,
        ExportStatus.Failed => ChangeType.ExportFailed,
        ExportStatus.Cancelled => ChangeType.ExportCancelled,
        ExportStatus.Expired => ChangeType.ExportExpired,
        _ => ChangeType.ExportUpdated,
    };

    /// <summary>
    /// The next step; null when there is none. Its row is of the export's revision, so a change of an export that has a
    /// next step writes a row, and leases do not.
    /// </summary>
    internal static ScheduledItem? ScheduledStep(Export export) => export.DueAt is { } due
        ? new ScheduledItem(
            export.Key.Tenant,
            due,
            ExportRowKeys.ScheduledExport(export.Key, export.Step, export.Revision),
            ExportRowKeys.ScheduledExport(export.Key, export.Step))
        : null;

    /// <summary>
    /// The removal of the file; null before the export has ended. Its time is set when the export ends, and once more
    /// if a client removes the file earlier. Its row stays while webhooks change the export's revision.
    /// </summary>
    internal static ScheduledItem? ScheduledExpiry(Export export) => export.ExpiresAt is { } expires
        ? new ScheduledItem(
            export.Key.Tenant,
            expires,
            ExportRowKeys.ScheduledExpiry(export.Key, export.Reason == ExportReasons.Removed ? 2 : 1),
            ExportRowKeys.ScheduledExpiry(export.Key))
        : null;

    /// <summary>
    /// Writes the schedule rows of the state <paramref name="after"/> that <paramref name="before"/> does not have.
    /// Call it before the change itself.
    /// </summary>
    /// <remarks>
    /// A row of another revision is written even if it has the same key in the table Due: the row of the revision
    /// before may be in the table Schedule, where its revision is past.
    /// </remarks>
    internal Task WriteScheduleRowsAsync(Export? before, Export after, CancellationToken cancellation) => Task.WhenAll(
        ScheduledOf(after).Except(before is null ? [] : ScheduledOf(before))
            .Select(item => schedule.WriteAsync(item, cancellation)));

    private async Task DropScheduleRowsAsync(Export before, Export after, CancellationToken cancellation)
    {
        try
        {
            await schedule.DeleteReplacedAsync(ScheduledOf(before), ScheduledOf(after), cancellation);
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            // Best-effort clean-up: the change is stored already, and the timer drops the rows that are left.
            LogRowsLeft(logger, PrivateException.Of(e), after.Id);
        }
    }

    private static IEnumerable<ScheduledItem> ScheduledOf(Export export) =>
        new[] { ScheduledStep(export), ScheduledExpiry(export) }.OfType<ScheduledItem>();

    [LoggerMessage(1301, LogLevel.Warning,
        "Old schedule rows of export {Export} were left behind; the timer drops them.")]
    private static partial void LogRowsLeft(ILogger logger, Exception exception, Guid export);
}
