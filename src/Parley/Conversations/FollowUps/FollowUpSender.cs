using System.Diagnostics.CodeAnalysis;
using Azure;
using Microsoft.Extensions.Logging;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>
/// Sends due follow-ups. Queue messages are hints: they may arrive twice, early, late or never. A follow-up is sent as
/// a message in one transaction under the head's ETag, only while it is pending at the revision of its schedule row.
/// The schedule row is deleted when the follow-up is no longer pending at that revision.
/// </summary>
/// <remarks>
/// A chunk costs one call for its rows, two reads and a transaction for each follow-up, and a few transactions for the
/// index rows of all. A follow-up that loses a race is sent by the ordinary append instead.
/// </remarks>
public sealed partial class FollowUpSender(
    Schedule schedule,
    DueFollowUpResolver due,
    ConversationActivity activity,
    FollowUpIndex index,
    FollowUpFailures failures,
    MessageAppend append,
    IWorkQueue<FollowUpChunk> queue,
    TimeProvider time,
    ILogger<FollowUpSender> logger) : IDisposable
{
    /// <summary>
    /// The chunks processed at once; the host runs more queue messages concurrently. Storage would not answer more
    /// calls within their time-out, and they would only be sent again.
    /// </summary>
    private const int ChunksAtOnce = 4;

    /// <summary>The conversations of a chunk that are read or written at once.</summary>
    private const int Width = 6;

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
            [.. rows.GroupBy(row => row.Conversation)], Width, group => due.ResolveAsync(group, cancellation));
        var wait = resolved
            .SelectMany(one => one.Pending)
            .Select(one => one.FollowUp.DueAt - time.GetUtcNow())
            .Where(wait => wait <= MaxEarlyWait)
            .DefaultIfEmpty()
            .Max();
        if (wait > TimeSpan.Zero)
        {
            await ReleaseSlotForAsync(wait, cancellation);
        }

        var now = time.GetUtcNow();
        var ready = resolved
            .Select(one => one with { Pending = [.. one.Pending.Where(pending => pending.FollowUp.DueAt <= now)] })
            .Where(one => one.Pending.Count > 0)
            .ToList();
        var results = await SendAllAsync(ready, cancellation);
        var done = results
            .Where(result => result.Outcome is SendOutcome.Sent or SendOutcome.Overtaken)
            .Select(result => result.One.Row);
        await index.DropScheduleAsync([.. resolved.SelectMany(one => one.Ended), .. done], cancellation);
        await RequeueAsync(
            [.. resolved.SelectMany(one => one.Pending).Where(one => one.FollowUp.DueAt > now)], now, cancellation);
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

    private async Task<List<(PendingRow One, SendOutcome Outcome)>> SendAllAsync(
        List<ResolvedFollowUps> resolved,
        CancellationToken cancellation)
    {
        if (resolved.Count == 0)
        {
            return [];
        }

        var preparedAt = time.GetTimestamp();
        var preparing = activity.PrepareAllAsync(
            [.. resolved.Select(one => one.Head!)], time.NowInMilliseconds().Minute(), cancellation);
        await Task.WhenAll(
            preparing,
            index.WriteAsync(
                [.. resolved.SelectMany(one => one.Pending).Select(one => SentOf(one.FollowUp))], cancellation));
        var prepared = await preparing;
        var sentWithChunk = new List<(ResolvedFollowUps Resolved, PendingRow One)>();
        var results = await Workers.RunAsync(resolved, Width, async resolved =>
        {
            var remaining = resolved.Pending;
            var done = new List<(PendingRow One, SendOutcome Outcome)>();
            if (prepared.TryGetValue(resolved.Head!.Key, out var preparedHead)
                && await TrySendAsync(resolved.Head, preparedHead, preparedAt, remaining[0].FollowUp, cancellation))
            {
                lock (sentWithChunk)
                {
                    sentWithChunk.Add((resolved, remaining[0]));
                }

                done.Add((remaining[0], SendOutcome.Sent));
                remaining = [.. remaining.Skip(1)];
            }

            foreach (var one in remaining)
            {
                done.Add((one, await SendAloneAsync(one, cancellation)));
            }

            return done;
        });
        var finished = results.SelectMany(done => done).ToList();
        await Task.WhenAll(
            index.DropLostAsync(
                [.. finished.Where(one => one.Outcome != SendOutcome.Sent).Select(one => SentOf(one.One.FollowUp))]),
            index.DropListedAsync([.. sentWithChunk.Select(sent => sent.One.FollowUp)], cancellation),
            activity.DropReplacedAsync(
                [.. sentWithChunk.Select(sent => (sent.Resolved.Head!, prepared[sent.Resolved.Head!.Key]))],
                cancellation));
        return finished;
    }

    /// <summary>
    /// Sends a follow-up with the index rows that the chunk has written. After a result of false, the caller sends it
    /// alone.
    /// </summary>
    [SuppressMessage(
        "Design",
        "CA1031",
        Justification = "The caller then sends the follow-up alone, and that attempt reports the failure.")]
    private async Task<bool> TrySendAsync(
        Conversation head,
        Conversation prepared,
        long preparedAt,
        FollowUp followUp,
        CancellationToken cancellation)
    {
        try
        {
            return await append.TryAppendAsync(
                head, prepared, preparedAt, DraftOf(followUp), PartOf(followUp), cancellation);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            LogSentAlone(logger, followUp.Id, e.Message);
            return false;
        }
    }

    [SuppressMessage(
        "Design",
        "CA1031",
        Justification = "One follow-up's failure must not stop the others of its chunk. It is logged and counted.")]
    private async Task<SendOutcome> SendAloneAsync(PendingRow one, CancellationToken cancellation)
    {
        try
        {
            await append.AppendWithAsync(
                [PartOf(one.FollowUp)],
                new EntityRef<ConversationKey>(one.Row.Conversation, null),
                DraftOf(one.FollowUp),
                key: null,
                cancellation);
            return SendOutcome.Sent;
        }
        catch (ParleyException e) when (e.Code == ErrorCode.FollowUpStatus)
        {
            // The customer, a client or a concurrent run was first.
            return SendOutcome.Overtaken;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            LogNotSent(logger, e, one.FollowUp.Id, one.FollowUp.Attempts + 1, FollowUpFailures.MaxAttempts);
            return await failures.CountAsync(one, e, cancellation);
        }
    }

    /// <summary>Enqueues the rows that are not due yet by this instance's clock.</summary>
    private async Task RequeueAsync(List<PendingRow> early, DateTimeOffset now, CancellationToken cancellation)
    {
        if (early.Count > 0)
        {
            var rows = early.Select(one => one.Row).OrderBy(row => row.RowKey, StringComparer.Ordinal).ToList();
            await queue.SendAsync(
                new FollowUpChunk(rows[0].Partition, rows[0].RowKey, rows[^1].RowKey),
                early.Min(one => one.FollowUp.DueAt) - now,
                cancellation);
        }
    }

    private static NewMessage DraftOf(FollowUp followUp) =>
        new(MessageRole.Assistant, followUp.Text, null, null, null);

    private FollowUpSending PartOf(FollowUp followUp) => new(followUp, index, time);

    private static IndexedFollowUp SentOf(FollowUp followUp) =>
        IndexedFollowUp.Of(followUp) with
        {
            Revision = followUp.Revision + 1,
            Status = FollowUpStatus.Sent,
            DueAt = null,
        };

    [LoggerMessage(
        1105,
        LogLevel.Warning,
        "Follow-up {FollowUp} could not be sent (attempt {Attempt} of {MaxAttempts}).")]
    private static partial void LogNotSent(
        ILogger logger,
        Exception exception,
        Guid followUp,
        int attempt,
        int maxAttempts);

    [LoggerMessage(1108, LogLevel.Debug, "Follow-up {FollowUp} is sent on its own: {Why}")]
    private static partial void LogSentAlone(ILogger logger, Guid followUp, string why);
}
