using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Storage;

namespace Parley.Exports;

/// <summary>
/// Puts the steps of exports into the queues: whoever makes a step due that step, and the timer every step whose message is lost. A step may be queued
/// twice; the lease decides who does it.
/// </summary>
public sealed partial class ExportDispatch(
    ParleyTables tables, ExportReader reader, ExportRemoval removal, IExportQueues queues, TimeProvider time, ILogger<ExportDispatch> logger)
{
    /// <summary>A step that is due has its message on its way; the timer comes after that.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>Rows that are looked at at once.</summary>
    private const int Width = 16;

    /// <summary>
    /// After a change: its step, when it is due. It is stored by then, so neither a failure nor a client that leaves matters to it: the timer finds it.
    /// </summary>
    /// <param name="export">When it has no step to be done any more, because others were faster than its change was known to be stored, nothing is asked for.</param>
    /// <param name="pause">At least so much later than now.</param>
    internal async Task AskAsync(Export export, TimeSpan pause = default)
    {
        if (export.DueAt is not { } due)
        {
            return;
        }

        var rest = due - time.GetUtcNow();
        try
        {
            await queues.SendAsync(ExportStep.Of(export), rest > pause ? rest : pause, CancellationToken.None);
        }
        catch (Exception e) when (e is RequestFailedException || StorageErrors.IsOutcomeUnknown(e, CancellationToken.None))
        {
            LogLeftToTimer(logger, e, export.Id);
        }
    }

    /// <summary>The timer's: looks at every export that has a step to be done, and at every file whose time is over.</summary>
    /// <returns>How many steps were queued.</returns>
    public async Task<int> DispatchAsync(CancellationToken cancellation)
    {
        var queued = 0;
        var filter = Filters.Until(RowKeys.DuePartition(time.GetUtcNow()), RowKeys.DueExports);
        await foreach (var chunk in tables.Due.QueryAsync<TableEntity>(filter, cancellationToken: cancellation).Chunk(Filters.MaxPerCall).WithCancellation(cancellation))
        {
            queued += (await Workers.RunAsync(chunk, Width, row => LookAsync(row, cancellation))).Count(isQueued => isQueued);
        }

        return queued;
    }

    private async Task<bool> LookAsync(TableEntity row, CancellationToken cancellation)
    {
        try
        {
            var (key, step) = RowKeys.ReadDueExport(row.RowKey);
            var export = await reader.FindAsync(key, cancellation);
            return step is { } asked ? await LookAtStepAsync(row, asked, export, cancellation) : await LookAtExpiryAsync(row, export, cancellation);
        }
        catch (Exception e) when (e is RequestFailedException or Problems.ParleyException || StorageErrors.IsOutcomeUnknown(e, cancellation))
        {
            // The others go on; the next tick finds this one again.
            LogNotLookedAt(logger, e, row.PartitionKey, row.RowKey);
            return false;
        }
    }

    private async Task<bool> LookAtStepAsync(TableEntity row, int step, Export? export, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (export is not null && IsOf(row, ExportIndex.StepRow(export)))
        {
            if (export.IsHeld(now) || export.DueAt + Grace > now)
            {
                return false;
            }

            await queues.SendAsync(ExportStep.Of(export), TimeSpan.Zero, cancellation);
            return true;
        }

        if (export is not null && (step < export.Step || (step == export.Step && export.DueAt is null)))
        {
            // Done with, and steps never come back.
            await tables.Due.DeleteEntityAsync(row.PartitionKey, row.RowKey, row.ETag, cancellation);
        }
        else
        {
            await DropIfStaleAsync(row, now, cancellation);
        }

        return false;
    }

    private async Task<bool> LookAtExpiryAsync(TableEntity row, Export? export, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (export is null || !IsOf(row, ExportIndex.ExpiryRow(export)))
        {
            await DropIfStaleAsync(row, now, cancellation);
        }
        else if (export.ExpiresAt <= now)
        {
            await removal.ExpireAsync(export, cancellation);
            await tables.Due.DeleteEntityAsync(row.PartitionKey, row.RowKey, row.ETag, cancellation);
        }

        return false;
    }

    private Task DropIfStaleAsync(TableEntity row, DateTimeOffset now, CancellationToken cancellation) =>
        tables.Due.DropIfStaleAsync(row.PartitionKey, row.RowKey, row.ETag, row.Timestamp!.Value, now, cancellation);

    private static bool IsOf(TableEntity row, TableEntity? expected) => (row.PartitionKey, row.RowKey) == (expected?.PartitionKey, expected?.RowKey);

    [LoggerMessage(1303, LogLevel.Warning, "The next step of export {Export} could not be queued; the timer finds it.")]
    private static partial void LogLeftToTimer(ILogger logger, Exception exception, Guid export);

    [LoggerMessage(1307, LogLevel.Error, "{Partition} / {Row} of Due could not be looked at; the next tick tries again.")]
    private static partial void LogNotLookedAt(ILogger logger, Exception exception, string partition, string row);
}
