using Azure.Data.Tables;
using Parley.Core;
using Parley.Spreadsheets;
using Parley.Storage;

namespace Parley.Exports;

/// <summary>An export to be made, as a client asks for it.</summary>
/// <param name="RangeStart">Null for six months before the end.</param>
/// <param name="RangeEnd">Null, or in the future, for now.</param>
/// <param name="CallbackUrl">Who is told.</param>
/// <param name="Language">Of headings and values.</param>
/// <param name="Format">Of the file.</param>
public sealed record NewExport(DateTimeOffset? RangeStart, DateTimeOffset? RangeEnd, string CallbackUrl, ExportLanguage Language, TableFormat Format);

/// <summary>Takes exports on: the row of Due, then the export, then the queue's message, which the row of Due stands in for if it is lost.</summary>
public sealed class ExportCreation(
    ParleyTables tables,
    ExportStore exports,
    ExportDispatch dispatch,
    TenantCounters counters,
    ExportOptions options,
    TimeProvider time,
    RandomSource random)
{
    /// <summary>Takes one on.</summary>
    /// <param name="tenant">The caller's.</param>
    /// <param name="draft">What is asked for.</param>
    /// <param name="key">The client's idempotency key, or null.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The export, and whether an earlier request with this key made it.</returns>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.InvalidFields"/> for the range, <see cref="ErrorCode.IdempotencyKeyReused"/>, <see cref="ErrorCode.Busy"/>,
    /// <see cref="ErrorCode.StorageUnavailable"/> (not known whether it was stored).
    /// </exception>
    public async Task<(Export Export, bool Replayed)> CreateAsync(TenantId tenant, NewExport draft, IdempotencyKey? key, CancellationToken cancellation)
    {
        var replayed = false;
        var export = await counters.MakeAsync(
            tenant,
            async (export, writeId, token) => await exports.FindAsync(export.Key, token) is { } there && there.WriteId == writeId ? there : null,
            async (counted, writeId, _, token) =>
            {
                if (key is not null && await key.FindResultAsync(tables.Tenants, tenant.PartitionKey, token) is { } first)
                {
                    var there = await exports.FindAsync(new ExportKey(tenant, first), token)
                        ?? throw new InvalidOperationException($"There is an idempotency key of export {first}, but no such export.");

                    // Unless an earlier try of this very request has landed.
                    replayed = there.WriteId != writeId;
                    return new NumberedInsert<Export>(there, [], null);
                }

                var export = Draft(tenant, draft, counted, writeId);
                var keyHour = await WriteFirstAsync(export, counted, key, token);
                return Insertion(export, key, keyHour);
            },
            cancellation);
        if (!replayed)
        {
            await dispatch.EnqueueAsync(export);
        }

        return (export, replayed);
    }

    private Export Draft(TenantId tenant, NewExport draft, TableEntity? counted, string writeId)
    {
        var now = time.NowInMilliseconds();
        var range = ExportRange.Of(draft.RangeStart, draft.RangeEnd, now);
        if (range.InvalidReason is { } invalid)
        {
            throw ParleyException.Field(invalid.Field, invalid.Text);
        }

        var settled = range.End + options.Settle;
        return new Export
        {
            Key = new ExportKey(tenant, checked((counted?.GetInt32(ExportStore.Counter) ?? 0) + 1)),
            Check = random.NextBits(EntityId.CheckBits),
            WriteId = writeId,
            CreatedAt = now,
            RangeStart = range.Start,
            RangeEnd = range.End,
            Format = draft.Format,
            Language = draft.Language,
            CallbackUrl = draft.CallbackUrl,
            DueAt = settled > now ? settled : now,
        };
    }

    /// <summary>What must be there before the export is: the rows that find it, and its key.</summary>
    /// <returns>The hour of the key, for the counters; null when they know it.</returns>
    private async Task<long?> WriteFirstAsync(Export export, TableEntity? counted, IdempotencyKey? key, CancellationToken cancellation)
    {
        var hour = export.CreatedAt.Hour();
        var isNewHour = key is not null && (counted?.GetInt64("KeyHour") ?? 0) < hour;
        await Task.WhenAll(
            exports.WriteIndexRowsAsync(null, export, cancellation),
            isNewHour ? IdempotencyKey.WriteScheduleRowAsync(tables.Schedule, export.Key.Tenant, 0, hour, cancellation) : Task.CompletedTask);
        return isNewHour ? hour : null;
    }

    private static NumberedInsert<Export> Insertion(Export export, IdempotencyKey? key, long? keyHour)
    {
        var partition = export.Key.Tenant.PartitionKey;
        var rows = new List<TableTransactionAction>();
        if (key is not null)
        {
            // First, so that a repeated key is the failure that the transaction reports.
            rows.Add(new(TableTransactionActionType.Add, key.ToRow(partition, export.Key.Number)));
        }

        rows.Add(new(TableTransactionActionType.Add, ExportRow.Create(export)));
        var counted = new TableEntity(partition, TenantRowKeys.Counter) { [ExportStore.Counter] = export.Key.Number };
        counted.SetIfAny("KeyHour", keyHour);
        return new NumberedInsert<Export>(export, rows, counted);
    }
}
