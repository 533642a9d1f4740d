using Azure;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>
/// Sends due follow-ups. Queue messages are hints: they may arrive twice, early, late or never. A follow-up is sent as
/// a message in one transaction under the head's ETag, only while it is pending at the revision of its schedule row and
/// first among the conversation's pending ones. The schedule row is deleted when the follow-up is no longer pending at
/// that revision.
/// </summary>
/// <remarks>
/// A chunk costs one call for its rows, two reads and a transaction for each follow-up, and a few transactions for the
/// index rows of all. A follow-up that loses a race is sent by the ordinary append instead.
/// </remarks>
public sealed class FollowUpSender(
    Schedule schedule,
    DueFollowUpResolver due,
    FollowUpDelivery delivery,
    FollowUpDispatch dispatch,
    FollowUpIndex index,
    IWorkQueue<FollowUpChunk> queue,
    TimeProvider time) : IDisposable
{
    /// <summary>
    /// The chunks processed at once; the host runs more queue messages concurrently. Storage would not answer more
    /// calls within their time-out, and they would only be sent again.
    /// </summary>
    private const int ChunksAtOnce = 6;

    /// <summary>
    /// The longest wait for a chunk that arrives early: row keys contain the due second, and the queue delays by whole
    /// seconds. An earlier chunk is enqueued again.
    /// </summary>
    private static readonly TimeSpan MaxEarlyWait = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim slots = new(ChunksAtOnce, ChunksAtOnce);

    /// <summary>Sends the due follow-ups of a chunk.</summary>
    /// <exception cref="RequestFailedException">Storage failed for the whole chunk. Retry it.</exception>
    /// <exception cref="IOException">
    /// Some follow-ups could not be read, or their failed attempts not be counted. Retry the chunk for them.
    /// </exception>
    public async Task SendAsync(FollowUpChunk chunk, CancellationToken cancellation)
    {
        var rows = await schedule.ReadRangeAsync(chunk.Partition, chunk.First, chunk.Last, cancellation)
            .Take(FollowUpChunk.MaxRows + 1).Select(ScheduledFollowUp.Read).ToListAsync(cancellation);
        if (rows.Count > FollowUpChunk.MaxRows)
        {
            // Rows were added within the range since the chunk was enqueued. The last rows need a message of their own.
            await queue.SendAsync(chunk with { First = rows[^1].RowKey }, TimeSpan.Zero, cancellation);
            rows.RemoveAt(FollowUpChunk.MaxRows);
        }

        await slots.WaitAsync(cancellation);
        try
        {
            await SendAsync(rows, cancellation);
        }
        finally
        {
            slots.Release();
        }
    }

    public void Dispose() => slots.Dispose();

    private async Task SendAsync(List<ScheduledFollowUp> rows, CancellationToken cancellation)
    {
        var resolved = await Workers.RunAsync(
            [.. rows.GroupBy(row => row.Conversation)],
            FollowUpDelivery.Width,
            group => due.ResolveAsync(group, cancellation));
        var wait = resolved
            .SelectMany(one => one.Pending)
            .Select(one => one.ReadyAt - time.GetUtcNow())
            .Where(wait => wait <= MaxEarlyWait)
            .DefaultIfEmpty()
            .Max();
        if (wait > TimeSpan.Zero)
        {
            await ReleaseSlotForAsync(wait, cancellation);
        }

        var now = time.GetUtcNow();
        var ready = resolved
            .Select(one => one with { Pending = SendableOf(one, now) })
            .Where(one => one.Pending.Count > 0)
            .ToList();
        var results = await delivery.SendAsync(ready, cancellation);
        var sentTo = ready.Select(one => one.Head!.Key).ToHashSet();
        var onlyObsolete = resolved.Where(one =>
            one.Obsolete.Count > 0 && one.Head is not null && !sentTo.Contains(one.Head.Key));
        foreach (var one in onlyObsolete)
        {
            // If the run that ended a follow-up crashed after it, it has not enqueued the next one. The rows are
            // deleted afterwards, so that a crash here leaves them for another run.
            await dispatch.SendFirstIfSoonAsync(one.Head!.Key, one.Head.Pending);
        }

        var done = results
            .Where(result => result.Outcome is SendOutcome.Sent or SendOutcome.Overtaken)
            .Select(result => result.One.Row);
        await index.DropScheduleAsync([.. resolved.SelectMany(one => one.Obsolete), .. done], cancellation);
        await RequeueAsync(
            [.. resolved.SelectMany(one => one.Pending).Where(one => one.ReadyAt > now)], now, cancellation);
        if (resolved.Contains(ResolvedFollowUps.Failed) || results.Any(result => result.Outcome == SendOutcome.Failed))
        {
            // All other follow-ups are finished or enqueued again: the host's retry of the chunk is for the failed
            // ones.
            throw new IOException("Some follow-ups of the chunk could not be read or counted.");
        }
    }

    /// <summary>Waits without a slot, so that other chunks can run.</summary>
    private async Task ReleaseSlotForAsync(TimeSpan wait, CancellationToken cancellation)
    {
        slots.Release();
        try
        {
            // A delay is truncated to milliseconds, so it is rounded up: nothing may be sent before its time.
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds)), time, cancellation);
        }
        finally
        {
            // Not cancelled: the caller releases the slot.
            await slots.WaitAsync(CancellationToken.None);
        }
    }

    /// <summary>
    /// Returns the follow-ups of a conversation that can be sent now. One that is due later than a pending follow-up
    /// outside the chunk, or than one that is being retried, waits. The writer that ends that one enqueues it.
    /// </summary>
    private static List<PendingRow> SendableOf(ResolvedFollowUps resolved, DateTimeOffset now)
    {
        var ready = resolved.Pending.Where(one => one.ReadyAt <= now).ToList();
        var others = resolved.Head?.Pending.ExceptBy(ready.Select(one => one.FollowUp.Number), one => one.Number) ?? [];
        var waitedFor = others.Min(PendingFollowUp.Order);
        return waitedFor is null ? ready : [.. ready.TakeWhile(one => one.FollowUp.AsPending.IsBefore(waitedFor))];
    }

    /// <summary>Enqueues the rows that are not due yet by this instance's clock.</summary>
    private async Task RequeueAsync(List<PendingRow> early, DateTimeOffset now, CancellationToken cancellation)
    {
        if (early.Count > 0)
        {
            var rows = early.Select(one => one.Row).OrderBy(row => row.RowKey, StringComparer.Ordinal).ToList();
            await queue.SendAsync(
                new FollowUpChunk(rows[0].Partition, rows[0].RowKey, rows[^1].RowKey),
                early.Min(one => one.ReadyAt) - now,
                cancellation);
        }
    }
}
