using System.Diagnostics.CodeAnalysis;
using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>
/// Sends follow-ups whose time has come. Messages of the queue are hints: they may come twice, early, late or never. A
/// follow-up becomes a message in one transaction under the head's ETag, only while it is pending at the revision that
/// its row in Due was written for, and its row goes when the follow-up is not pending at that revision any more.
/// </summary>
/// <remarks>
/// A chunk costs one call for its rows, two reads and a transaction for each follow-up, and a few transactions for all
/// their index rows. Whoever loses a race on that way goes the way of any other message.
/// </remarks>
public sealed partial class FollowUpSender(
    ParleyTables tables,
    DueFollowUpResolver due,
    ConversationActivity activity,
    FollowUpIndex index,
    FollowUpWriter writer,
    MessageAppend append,
    IFollowUpQueue queue,
    TimeProvider time,
    ILogger<FollowUpSender> logger) : IDisposable
{
    /// <summary>So often sending is tried; then the follow-up has failed.</summary>
    public const int MaxAttempts = 5;

    /// <summary>
    /// Chunks that are worked on at once; the host runs more messages than that side by side. More calls than storage
    /// answers within their time-out would only be sent again.
    /// </summary>
    private const int ChunksAtOnce = 4;

    /// <summary>Conversations of a chunk that are read or written at once.</summary>
    private const int Width = 6;

    /// <summary>
    /// What comes so much too early is waited for: a row's key knows the second, and the queue counts in seconds. What
    /// comes earlier goes back to it.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim slots = new(ChunksAtOnce, ChunksAtOnce);

    /// <summary>Sends what is due of a chunk.</summary>
    /// <exception cref="RequestFailedException">
    /// Storage failed for the chunk as a whole; it is to be tried again.
    /// </exception>
    /// <exception cref="IOException">
    /// Some follow-ups could not be looked at or counted; the chunk is to be tried again for them.
    /// </exception>
    public async Task SendAsync(FollowUpChunk chunk, CancellationToken cancellation)
    {
        var filter = Filters.Range(chunk.Partition, chunk.First, chunk.Last);
        var rows = await tables.Schedule.QueryAsync<TableEntity>(filter, cancellationToken: cancellation)
            .Take(FollowUpChunk.MaxRows + 1).Select(ScheduledFollowUp.Read).ToListAsync(cancellation);
        if (rows.Count > FollowUpChunk.MaxRows)
        {
            // Some have come in between since it was queued, so that the last ones are in no message.
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

    /// <inheritdoc/>
    public void Dispose() => slots.Dispose();

    private async Task SendAsync(List<ScheduledFollowUp> rows, CancellationToken cancellation)
    {
        var resolved = await Workers.RunAsync([.. rows.GroupBy(row => row.Conversation)], Width, group => due.ResolveAsync(group, cancellation));
        var rest = resolved.SelectMany(one => one.Pending).Select(one => one.FollowUp.DueAt - time.GetUtcNow()).Where(rest => rest <= Patience).DefaultIfEmpty().Max();
        if (rest > TimeSpan.Zero)
        {
            await GiveWayAsync(rest, cancellation);
        }

        var now = time.GetUtcNow();
        var ready = resolved.Select(one => one with { Pending = [.. one.Pending.Where(pending => pending.FollowUp.DueAt <= now)] }).Where(one => one.Pending.Count > 0).ToList();
        var results = await SendAllAsync(ready, cancellation);
        var done = results.Where(result => result.Outcome is Outcome.Sent or Outcome.Overtaken).Select(result => result.One.Row);
        await index.DropScheduleAsync([.. resolved.SelectMany(one => one.Ended), .. done], cancellation);
        await PutBackAsync([.. resolved.SelectMany(one => one.Pending).Where(one => one.FollowUp.DueAt > now)], now, cancellation);
        if (resolved.Contains(ResolvedFollowUps.Failed) || results.Any(result => result.Outcome == Outcome.Failed))
        {
            // All others are done with: when the host brings the chunk again, only these are left of it.
            throw new IOException("Some follow-ups of the chunk could not be looked at or counted.");
        }
    }

    /// <summary>Waits while others work.</summary>
    private async Task GiveWayAsync(TimeSpan rest, CancellationToken cancellation)
    {
        slots.Release();
        try
        {
            // A delay is cut to milliseconds, and nothing is sent a part of one too early.
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(rest.TotalMilliseconds)), time, cancellation);
        }
        finally
        {
            // Not cancelled: whoever called gives the turn back.
            await slots.WaitAsync(CancellationToken.None);
        }
    }

    private async Task<List<(PendingRow One, Outcome Outcome)>> SendAllAsync(
        List<ResolvedFollowUps> resolved,
        CancellationToken cancellation)
    {
        if (resolved.Count == 0)
        {
            return [];
        }

        var preparedAt = time.GetTimestamp();
        var preparing = activity.PrepareAllAsync([.. resolved.Select(one => one.Head!)], time.NowInMilliseconds().Minute(), cancellation);
        await Task.WhenAll(preparing, index.WriteAsync([.. resolved.SelectMany(one => one.Pending).Select(one => SentOf(one.FollowUp))], cancellation));
        var prepared = await preparing;
        var together = new List<(ResolvedFollowUps Resolved, PendingRow One)>();
        var results = await Workers.RunAsync(resolved, Width, async resolved =>
        {
            var rest = resolved.Pending;
            var done = new List<(PendingRow One, Outcome Outcome)>();
            if (prepared.TryGetValue(resolved.Head!.Key, out var moved) && await TrySendAsync(resolved.Head, moved, preparedAt, rest[0].FollowUp, cancellation))
            {
                lock (together)
                {
                    together.Add((resolved, rest[0]));
                }

                done.Add((rest[0], Outcome.Sent));
                rest = [.. rest.Skip(1)];
            }

            foreach (var one in rest)
            {
                done.Add((one, await SendAloneAsync(one, cancellation)));
            }

            return done;
        });
        var finished = results.SelectMany(done => done).ToList();
        await Task.WhenAll(
            index.DropLostAsync([.. finished.Where(one => one.Outcome != Outcome.Sent).Select(one => SentOf(one.One.FollowUp))]),
            index.DropListedAsync([.. together.Select(sent => sent.One.FollowUp)], cancellation),
            activity.DropReplacedAsync([.. together.Select(sent => (sent.Resolved.Head!, prepared[sent.Resolved.Head!.Key]))], cancellation));
        return finished;
    }

    /// <summary>With the index rows that the chunk has written; false leaves it to the other way.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "The other way, which comes next, finds out what is the matter.")]
    private async Task<bool> TrySendAsync(
        Conversation head,
        Conversation prepared,
        long preparedAt,
        FollowUp followUp,
        CancellationToken cancellation)
    {
        try
        {
            return await append.TryAppendAsync(head, prepared, preparedAt, DraftOf(followUp), cancellation) is not null;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            LogNotTogether(logger, followUp.Id, e.Message);
            return false;
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "One follow-up's failure must not keep the others of its chunk; it is counted.")]
    private async Task<Outcome> SendAloneAsync(PendingRow one, CancellationToken cancellation)
    {
        try
        {
            await append.AppendAsync(new ConversationRef(one.Row.Conversation, null), DraftOf(one.FollowUp), key: null, cancellation);
            return Outcome.Sent;
        }
        catch (ParleyException e) when (e.Code == ErrorCode.FollowUpStatus)
        {
            // The customer was faster, or a client, or another run of this.
            return Outcome.Overtaken;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            LogNotSent(logger, e, one.FollowUp.Id, one.FollowUp.Attempts + 1, MaxAttempts);
            return await CountAsync(one, e, cancellation);
        }
    }

    /// <summary>Counts a failed attempt: the last one, or one that no other can mend, ends the follow-up.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "It is logged, and the chunk is tried again.")]
    private async Task<Outcome> CountAsync(PendingRow one, Exception failure, CancellationToken cancellation)
    {
        var (followUp, attempts) = (one.FollowUp, one.FollowUp.Attempts + 1);
        var (code, detail) = failure is ParleyException known ? (known.Code, known.Message) : (null, $"Attempt {attempts} ended with {failure.GetType().Name}.");
        try
        {
            if (code == ErrorCode.FollowUpRefused)
            {
                return await EndAsync(FollowUpStatus.Cancelled, FollowUpReasons.HandedOff, null);
            }

            if (attempts >= MaxAttempts || code == ErrorCode.ConversationFull)
            {
                return await EndAsync(FollowUpStatus.Failed, FollowUpReasons.DeliveryFailed, detail);
            }

            var counted = new TableEntity(followUp.Conversation.PartitionKey, FollowUpRowKeys.FollowUp(followUp.Number)) { ["Attempts"] = attempts };
            await tables.Conversations.UpdateEntityAsync(counted, followUp.ETag, TableUpdateMode.Merge, cancellation);
            await queue.SendAsync(new FollowUpChunk(one.Row.Partition, one.Row.RowKey, one.Row.RowKey), FirstRetry * Math.Pow(3, attempts - 1), cancellation);
            return Outcome.Waits;
        }
        catch (RequestFailedException e) when (e.IsPreconditionFailed())
        {
            // Another run has counted this attempt, or the follow-up has moved on.
            return Outcome.Waits;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            LogNotCounted(logger, e, followUp.Id);
            return Outcome.Failed;
        }

        async Task<Outcome> EndAsync(FollowUpStatus status, string reason, string? why) =>
            await writer.EndAsync(followUp, status, reason, why, cancellation) ? Outcome.Waits : Outcome.Overtaken;
    }

    /// <summary>What came too early, by this instance's clock.</summary>
    private async Task PutBackAsync(List<PendingRow> early, DateTimeOffset now, CancellationToken cancellation)
    {
        if (early.Count > 0)
        {
            var rows = early.Select(one => one.Row).OrderBy(row => row.RowKey, StringComparer.Ordinal).ToList();
            await queue.SendAsync(new FollowUpChunk(rows[0].Partition, rows[0].RowKey, rows[^1].RowKey), early.Min(one => one.FollowUp.DueAt) - now, cancellation);
        }
    }

    private static NewMessage DraftOf(FollowUp followUp) => new(MessageRole.Assistant, followUp.Text, null, null, null) { FollowUp = followUp };

    private static IndexedFollowUp SentOf(FollowUp followUp) =>
        IndexedFollowUp.Of(followUp) with { Revision = followUp.Revision + 1, Status = FollowUpStatus.Sent, DueAt = null };

    /// <summary>What has become of a row.</summary>
    private enum Outcome
    {
        /// <summary>Its follow-up is sent: the row can go.</summary>
        Sent,

        /// <summary>Its follow-up is not pending any more, by somebody else: the row can go.</summary>
        Overtaken,

        /// <summary>It is taken care of: it is gone already, or a message of the queue will look again.</summary>
        Waits,

        /// <summary>Nobody takes care of it but the host, which brings the chunk again.</summary>
        Failed,
    }

    [LoggerMessage(1105, LogLevel.Warning, "Follow-up {FollowUp} could not be sent (attempt {Attempt} of {MaxAttempts}).")]
    private static partial void LogNotSent(
        ILogger logger,
        Exception exception,
        Guid followUp,
        int attempt,
        int maxAttempts);

    [LoggerMessage(1106, LogLevel.Error, "A failed attempt to send follow-up {FollowUp} could not be counted; it is tried again.")]
    private static partial void LogNotCounted(ILogger logger, Exception exception, Guid followUp);

    [LoggerMessage(1108, LogLevel.Debug, "Follow-up {FollowUp} is sent on its own: {Why}")]
    private static partial void LogNotTogether(ILogger logger, Guid followUp, string why);
}
