using System.Diagnostics.CodeAnalysis;
using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Completions;

/// <summary>
/// The timer's: asks again for turns that nobody has begun, and ends those whose process has died. A turn that is overdue is looked at twice, so that clocks
/// need not agree: who speaks writes at least once a second.
/// </summary>
public sealed partial class CompletionRecovery(
    ParleyTables tables, CompletionStore store, CompletionFollower follower, AutoReplies replies, TimeProvider time, ILogger<CompletionRecovery> logger)
{
    /// <summary>Rows that are worked on at once.</summary>
    private const int Width = 16;

    private const string QueuedUntil = "AskedUntil";

    /// <summary>How long a message of the queue is waited for before there is another one: when the queue is long, more of them make it no shorter.</summary>
    private static readonly TimeSpan EnqueueAgainAfter = TimeSpan.FromMinutes(5);

    /// <summary>Works through all that is due. May be broken off anywhere and run twice.</summary>
    /// <returns>How many turns were ended.</returns>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var ended = 0;
        var rows = tables.Schedule.QueryAsync<TableEntity>(Filters.Until(ScheduleRowKeys.SchedulePartition(time.GetUtcNow()), CompletionRowKeys.ScheduledCompletions), cancellationToken: cancellation);
        await foreach (var chunk in rows.Chunk(Filters.MaxPerCall).WithCancellation(cancellation))
        {
            var overdue = (await Workers.RunAsync(chunk, Width, row => TryAsync(row.RowKey, () => LookAsync(row, cancellation), cancellation))).OfType<Completion>().ToList();
            if (overdue.Count > 0)
            {
                await Task.Delay(CompletionFollower.DeadAfter, time, cancellation);
                var drafts = await Workers.RunAsync(overdue, Width, completion => TryAsync($"{completion.Id}", () => EndIfDeadAsync(completion, cancellation), cancellation));
                ended += drafts.Count(completion => completion?.Status == CompletionStatus.Ended);
            }
        }

        return ended;
    }

    /// <summary>Does what a row of Due asks for.</summary>
    /// <returns>The turn, when it is running still.</returns>
    private async Task<Completion?> LookAsync(TableEntity row, CancellationToken cancellation)
    {
        var (key, attempt) = CompletionRowKeys.ReadScheduledCompletion(row.RowKey);
        var completion = await store.FindAsync(key, cancellation);
        switch (completion)
        {
            case null:
            case { } older when older.Attempt < attempt:
                // The turn may be on its way.
                await tables.Schedule.DropIfStaleAsync(row.PartitionKey, row.RowKey, row.ETag, row.Timestamp!.Value, time.GetUtcNow(), cancellation);
                return null;
            case { Status: not CompletionStatus.Ended } early when early.Attempt == attempt && early.DueAt > time.GetUtcNow():
                return null;
            case { Status: CompletionStatus.Running } when completion.Attempt == attempt:
                return completion;
            case { Status: CompletionStatus.Queued } when completion.Attempt == attempt:
                await EnqueueAsync(row, completion, cancellation);
                return null;
            default:
                await tables.Schedule.DropAsync(row.PartitionKey, row.RowKey, row.ETag, cancellation);
                return null;
        }
    }

    private async Task EnqueueAsync(TableEntity row, Completion completion, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (row.GetDateTimeOffset(QueuedUntil) > now)
        {
            return;
        }

        // Noted first: of two ticks at once, one asks.
        var asked = new TableEntity(row.PartitionKey, row.RowKey) { [QueuedUntil] = now + EnqueueAgainAfter };
        try
        {
            await tables.Schedule.UpdateEntityAsync(asked, row.ETag, TableUpdateMode.Merge, cancellation);
        }
        catch (RequestFailedException e) when (e.IsPreconditionFailed() || e.IsNotFound())
        {
            // Another tick asks, or it has been begun.
            return;
        }

        await replies.EnqueueAsync(completion);
    }

    private async Task<Completion?> EndIfDeadAsync(Completion completion, CancellationToken cancellation) =>
        await store.FindAsync(completion.Key, cancellation) is { Status: CompletionStatus.Running } there && there.ETag == completion.ETag
            ? await follower.EndDeadAsync(there)
            : null;

    [SuppressMessage("Design", "CA1031", Justification = "It is logged, and the others are not to wait for the one that cannot be looked after.")]
    private async Task<Completion?> TryAsync(string what, Func<Task<Completion?>> work, CancellationToken cancellation)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            // The others go on, also past a row that cannot be read; the next tick finds this one again.
            LogLeft(logger, e, what);
            return null;
        }
    }

    [LoggerMessage(1405, LogLevel.Warning, "Completion {Completion} could not be looked after; the next tick tries again.")]
    private static partial void LogLeft(ILogger logger, Exception exception, string completion);
}
