using System.Diagnostics.CodeAnalysis;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;

namespace Parley.Exports;

/// <summary>
/// Puts the steps of exports into the queues: whoever makes a step due that step, and the timer every step whose message is lost. A step may be queued
/// twice; the lease decides who does it.
/// </summary>
public sealed partial class ExportDispatch(
    ParleyTables tables, ExportStore exports, ExportRemoval removal, IWorkQueue<ExportStep> queue, TimeProvider time, ILogger<ExportDispatch> logger)
{
    /// <summary>A step that is due has its message on its way; the timer comes after that.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>When a message that found no turn comes back.</summary>
    private static readonly TimeSpan SlotPause = TimeSpan.FromSeconds(20);

    /// <summary>So often it does; by then the timer has asked again, and without an end every tick would add a message that comes back for ever.</summary>
    private const int MaxWaits = 3;

    /// <summary>Rows that are looked at at once.</summary>
    private const int Width = 16;

    /// <summary>
    /// After a change: its step, when it is due. It is stored by then, so neither a failure nor a client that leaves matters to it: the timer finds it.
    /// </summary>
    /// <param name="export">As it is after the change; others may have done all that was to be done already.</param>
    internal Task EnqueueAsync(Export export) => export.DueAt is { } due ? SendAsync(ExportStep.Of(export), due - time.GetUtcNow(), export) : Task.CompletedTask;

    /// <summary>For a message that found no turn: it comes back, or is left to the timer.</summary>
    internal Task RequeueAsync(Export export, ExportStep step) =>
        step.Waits < MaxWaits ? SendAsync(step with { Waits = step.Waits + 1 }, SlotPause, export) : Task.CompletedTask;

    /// <summary>The timer's: looks at every export that has a step to be done, and at every file whose time is over.</summary>
    /// <returns>How many steps were queued.</returns>
    public async Task<int> DispatchAsync(CancellationToken cancellation)
    {
        var queued = 0;
        var filter = Filters.Until(ScheduleRowKeys.SchedulePartition(time.GetUtcNow()), ExportRowKeys.ScheduledExports);
        await foreach (var chunk in tables.Schedule.QueryAsync<TableEntity>(filter, cancellationToken: cancellation).Chunk(Filters.MaxPerCall).WithCancellation(cancellation))
        {
            queued += (await Workers.RunAsync(chunk, Width, row => ProcessRowAsync(row, cancellation))).Count(isQueued => isQueued);
        }

        return queued;
    }

    private async Task SendAsync(ExportStep step, TimeSpan delay, Export export)
    {
        try
        {
            await queue.SendAsync(step, delay, CancellationToken.None);
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            LogLeftToTimer(logger, e, export.Id);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "It is logged, and one export's failure must not keep all others from being looked at.")]
    private async Task<bool> ProcessRowAsync(TableEntity row, CancellationToken cancellation)
    {
        try
        {
            var (key, step) = ExportRowKeys.ReadScheduledExport(row.RowKey);
            var export = await exports.FindAsync(key, cancellation);
            return step is { } asked ? await ProcessStepAsync(row, asked, export, cancellation) : await ProcessExpiryAsync(row, export, cancellation);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            // The others go on, also past a row that cannot be read; the next tick finds this one again.
            LogRowFailed(logger, e, row.PartitionKey, row.RowKey);
            return false;
        }
    }

    private async Task<bool> ProcessStepAsync(TableEntity row, int step, Export? export, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (export is not null && IsOf(row, ExportStore.StepRow(export)))
        {
            if (export.IsHeld(now) || export.DueAt + Grace > now)
            {
                return false;
            }

            await queue.SendAsync(ExportStep.Of(export), TimeSpan.Zero, cancellation);
            return true;
        }

        if (export is not null && (step < export.Step || (step == export.Step && export.DueAt is null)))
        {
            // Done with, and steps never come back.
            await tables.Schedule.DropAsync(row.PartitionKey, row.RowKey, row.ETag, cancellation);
        }
        else
        {
            await DropIfStaleAsync(row, now, cancellation);
        }

        return false;
    }

    private async Task<bool> ProcessExpiryAsync(TableEntity row, Export? export, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (export is null || !IsOf(row, ExportStore.ExpiryRow(export)))
        {
            await DropIfStaleAsync(row, now, cancellation);
        }
        else if (export.ExpiresAt <= now)
        {
            await removal.ExpireAsync(export, cancellation);
            await tables.Schedule.DropAsync(row.PartitionKey, row.RowKey, row.ETag, cancellation);
        }

        return false;
    }

    private Task DropIfStaleAsync(TableEntity row, DateTimeOffset now, CancellationToken cancellation) =>
        tables.Schedule.DropIfStaleAsync(row.PartitionKey, row.RowKey, row.ETag, row.Timestamp!.Value, now, cancellation);

    private static bool IsOf(TableEntity row, TableEntity? expected) => (row.PartitionKey, row.RowKey) == (expected?.PartitionKey, expected?.RowKey);

    [LoggerMessage(1303, LogLevel.Warning, "The next step of export {Export} could not be queued; the timer finds it.")]
    private static partial void LogLeftToTimer(ILogger logger, Exception exception, Guid export);

    [LoggerMessage(1307, LogLevel.Error, "{Partition} / {Row} of Due could not be looked at; the next tick tries again.")]
    private static partial void LogRowFailed(ILogger logger, Exception exception, string partition, string row);
}
