using System.Diagnostics.CodeAnalysis;
using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Completions;

/// <summary>
/// Run by the timer: enqueues queued completions again that no process has begun, and ends running completions whose
/// process has stopped.
/// </summary>
/// <remarks>
/// An overdue completion is read twice, because clocks need not agree: a producer writes at least once a second, so
/// an unchanged row has no producer.
/// </remarks>
public sealed partial class CompletionRecovery(
    Schedule schedule,
    CompletionStore store,
    CompletionFollower follower,
    AutoReplies replies,
    TimeProvider time,
    ILogger<CompletionRecovery> logger)
{
    /// <summary>Schedule rows processed in parallel.</summary>
    private const int Width = 16;

    /// <summary>
    /// Minimum time between two queue messages for the same completion. More messages do not shorten a long queue.
    /// </summary>
    private static readonly TimeSpan EnqueueAgainAfter = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Processes all due schedule rows. It may stop at any point, and two runs may overlap.
    /// </summary>
    /// <returns>The number of completions that it ended.</returns>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var ended = 0;
        var rows = schedule.ReadDueAsync(CompletionRowKeys.ScheduledCompletions, time.GetUtcNow(), cancellation);
        await foreach (var chunk in rows.Chunk(Filters.MaxPerCall).WithCancellation(cancellation))
        {
            var processed = await Workers.RunAsync(
                chunk,
                Width,
                row => TryAsync(row.RowKey, () => ProcessRowAsync(row, cancellation), cancellation));
            var overdue = processed.OfType<Completion>().ToList();
            if (overdue.Count > 0)
            {
                await Task.Delay(CompletionFollower.DeadAfter, time, cancellation);
                var results = await Workers.RunAsync(
                    overdue,
                    Width,
                    completion => TryAsync(
                        $"{completion.Id}", () => EndIfDeadAsync(completion, cancellation), cancellation));
                ended += results.Count(completion => completion?.Status == CompletionStatus.Ended);
            }
        }

        return ended;
    }

    /// <summary>Processes a schedule row: enqueues its completion, deletes the row, or leaves it.</summary>
    /// <returns>The completion, if it is overdue and still running; otherwise null.</returns>
    private async Task<Completion?> ProcessRowAsync(ScheduledRow row, CancellationToken cancellation)
    {
        var (key, attempt) = CompletionRowKeys.ReadScheduledCompletion(row.RowKey);
        var completion = await store.FindAsync(key, cancellation);
        switch (completion)
        {
            case null:
            case { } older when older.Attempt < attempt:
                // Schedule rows are written first: the write of this completion or attempt may still be in flight.
                await schedule.DropIfStaleAsync(row, row.Timestamp, time.GetUtcNow(), cancellation);
                return null;
            case { Status: not CompletionStatus.Ended } early
                when early.Attempt == attempt && early.DueAt > time.GetUtcNow():
                return null;
            case { Status: CompletionStatus.Running } when completion.Attempt == attempt:
                return completion;
            case { Status: CompletionStatus.Queued } when completion.Attempt == attempt:
                await EnqueueAsync(row, completion, cancellation);
                return null;
            default:
                // The attempt of this row has ended. Its process may have died before it deleted the chunks.
                await store.DeleteChunksAsync(key, attempt, cancellation);
                await schedule.DropAsync(row, cancellation);
                return null;
        }
    }

    private async Task EnqueueAsync(ScheduledRow row, Completion completion, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (row.Entity.GetDateTimeOffset("AskedUntil") > now)
        {
            return;
        }

        // Stored before the message is sent, so that only one of two concurrent timer runs sends it.
        var mark = new TableEntity(row.PartitionKey, row.RowKey) { ["AskedUntil"] = now + EnqueueAgainAfter };
        try
        {
            await schedule.MarkAsync(row, mark, cancellation);
        }
        catch (RequestFailedException e) when (e.IsPreconditionFailed() || e.IsNotFound())
        {
            // Another timer run enqueues it, or a process has begun it.
            return;
        }

        await replies.EnqueueAsync(completion);
    }

    private async Task<Completion?> EndIfDeadAsync(Completion completion, CancellationToken cancellation) =>
        await store.FindAsync(completion.Key, cancellation) is { Status: CompletionStatus.Running } stored
        && stored.ETag == completion.ETag
            ? await follower.EndDeadAsync(stored)
            : null;

    [SuppressMessage(
        "Design", "CA1031", Justification = "The failure is logged, and must not stop the work on other rows.")]
    private async Task<Completion?> TryAsync(
        string what,
        Func<Task<Completion?>> work,
        CancellationToken cancellation)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            // The other rows are still processed, even if this one cannot be read. The next timer run retries it.
            Telemetry.WorkFailed("reply.recover");
            LogLeft(logger, PrivateException.Of(e), what);
            return null;
        }
    }

    [LoggerMessage(
        1405, LogLevel.Warning, "Completion {Completion} could not be recovered; the next tick tries again.")]
    private static partial void LogLeft(ILogger logger, Exception exception, string completion);
}
