using Azure.Data.Tables;
using Parley.Core;
using Parley.Spreadsheets;
using Parley.Storage;
using Parley.Storage.ChangeLog;

namespace Parley.Exports;

/// <summary>A client's request for an export.</summary>
/// <param name="RangeStart">Null means everything up to the end.</param>
/// <param name="RangeEnd">Null or a future time means now.</param>
/// <param name="Chatbot">The chatbot whose records are exported; null for messages.</param>
public sealed record NewExport(
    DateTimeOffset? RangeStart,
    DateTimeOffset? RangeEnd,
    string CallbackUrl,
    Language Language,
    TableFormat Format,
    int? Chatbot = null);

/// <summary>
/// Creates exports. It writes the schedule row, then the export, then the queue message. If the message
/// is lost, the timer finds the export by the schedule row.
/// </summary>
public sealed class ExportCreation(
    ParleyTables tables,
    Schedule schedule,
    ExportStore exports,
    ExportDispatch dispatch,
    TenantCounters counters,
    ExportOptions options,
    TimeProvider time,
    RandomSource random)
{
    /// <returns>The export, and whether an earlier request with the same idempotency key created it.</returns>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.InvalidFields"/> for the range, <see cref="ErrorCode.IdempotencyKeyReused"/>,
    /// <see cref="ErrorCode.Busy"/>, <see cref="ErrorCode.StorageUnavailable"/> (not known whether it was stored).
    /// </exception>
    public async Task<(Export Export, bool Replayed)> CreateAsync(
        TenantId tenant, NewExport draft, IdempotencyKey? key, CancellationToken cancellation)
    {
        var replayed = false;
        var export = await counters.CreateAsync(
            tenant,
            async (export, writeId, token) =>
                await exports.FindAsync(export.Key, token) is { } stored && stored.WriteId == writeId ? stored : null,
            async (counter, writeId, _, token) =>
            {
                if (key is not null
                    && await key.FindResultAsync(tables.Tenants, tenant.PartitionKey, token) is { } first)
                {
                    var stored = await exports.FindAsync(new ExportKey(tenant, first), token)
                        ?? throw new InvalidOperationException(
                            $"There is an idempotency key of export {first}, but no such export.");

                    // With the same write id, an earlier attempt of this same request stored it: that is no replay.
                    replayed = stored.WriteId != writeId;
                    return new NumberedInsert<Export>(stored, [], null);
                }

                var export = Draft(tenant, draft, counter, writeId);
                var keyHour = await WriteFirstAsync(export, counter, key, token);
                return Insertion(export, key, keyHour);
            },
            cancellation);
        if (!replayed)
        {
            await dispatch.EnqueueAsync(export);
        }

        return (export, replayed);
    }

    private Export Draft(TenantId tenant, NewExport draft, TableEntity? counter, string writeId)
    {
        var now = time.NowInMilliseconds();
        var range = ExportRange.Of(draft.RangeStart, draft.RangeEnd, now, options.MaxRangeMonths);
        if (range.InvalidReason is { } invalid)
        {
            throw ParleyException.Field(invalid.Field, invalid.Text);
        }

        var settled = range.End + options.Settle;
        return new Export
        {
            Key = new ExportKey(tenant, checked((counter?.GetInt32(ExportStore.Counter) ?? 0) + 1)),
            Check = random.NextBits(EntityId.CheckBits),
            WriteId = writeId,
            CreatedAt = now,
            RangeStart = range.Start,
            RangeEnd = range.End,
            Chatbot = draft.Chatbot,
            Format = draft.Format,
            Language = draft.Language,
            CallbackUrl = draft.CallbackUrl,
            DueAt = settled > now ? settled : now,
            Trace = Telemetry.Context,
        };
    }

    /// <summary>
    /// Writes the rows that must exist before the export: its schedule rows, and that of its idempotency key.
    /// </summary>
    /// <returns>
    /// The hour of the key, for the tenant's counter row; null when there is none or it is there already.
    /// </returns>
    private async Task<long?> WriteFirstAsync(
        Export export, TableEntity? counter, IdempotencyKey? key, CancellationToken cancellation)
    {
        var hour = export.CreatedAt.Hour();
        var isNewHour = key is not null && (counter?.GetInt64("KeyHour") ?? 0) < hour;
        await Task.WhenAll(
            exports.WriteScheduleRowsAsync(null, export, cancellation),
            isNewHour
                ? IdempotencyKey.WriteScheduleRowAsync(schedule, export.Key.Tenant, 0, hour, cancellation)
                : Task.CompletedTask);
        return isNewHour ? hour : null;
    }

    private NumberedInsert<Export> Insertion(Export export, IdempotencyKey? key, long? keyHour)
    {
        var partition = export.Key.Tenant.PartitionKey;
        var rows = new List<TableTransactionAction>();
        if (key is not null)
        {
            // The key is first, so that the transaction reports its row as the failed one when the key is repeated.
            rows.Add(new(TableTransactionActionType.Add, key.ToRow(partition, export.Key.Number)));
        }

        rows.Add(new(TableTransactionActionType.Add, ExportRow.Create(export)));
        rows.Add(exports.Entry(export, ChangeType.ExportCreated));
        var counter = new TableEntity(partition, TenantRowKeys.Counter) { [ExportStore.Counter] = export.Key.Number };
        counter.SetIfAny("KeyHour", keyHour);
        return new NumberedInsert<Export>(export, rows, counter);
    }
}
