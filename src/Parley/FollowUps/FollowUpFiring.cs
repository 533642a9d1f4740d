using System.Diagnostics.CodeAnalysis;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Conversations;
using Parley.Messages;
using Parley.Problems;
using Parley.Storage;

namespace Parley.FollowUps;

/// <summary>
/// Sends follow-ups whose time has come. Messages of the queue are hints: they may come twice, early, late or never. A follow-up becomes a
/// message in one transaction under the head's ETag, only while it is pending at the revision that its row in Due was written for, and its row
/// goes when the follow-up is not pending at that revision any more.
/// </summary>
/// <remarks>
/// A chunk costs one call for its rows, two reads and a transaction for each follow-up, and a few transactions for all their index rows.
/// Whoever loses a race on that way goes the way of any other message.
/// </remarks>
public sealed partial class FollowUpFiring(
    ParleyTables tables,
    ConversationReader conversations,
    ConversationActivity activity,
    FollowUpReader reader,
    FollowUpIndex index,
    FollowUpWriter writer,
    MessageAppend append,
    IFollowUpQueue queue,
    TimeProvider time,
    ILogger<FollowUpFiring> logger)
{
    /// <summary>So often sending is tried; then the follow-up has failed.</summary>
    public const int MaxAttempts = 5;

    /// <summary>
    /// Conversations of a chunk that are read or written at once. The host runs up to 24 messages side by side: so many times this and twice
    /// as many reads must not wait for storage longer than a call may.
    /// </summary>
    private const int Width = 4;

    /// <summary>What comes so much too early is waited for; what comes earlier goes back to the queue, which counts in seconds.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(5);

    /// <summary>Sends what is due of a chunk.</summary>
    /// <exception cref="Azure.RequestFailedException">Storage failed for the chunk as a whole; it is to be tried again.</exception>
    public async Task FireAsync(DueChunk chunk, CancellationToken cancellation)
    {
        var filter = Filters.Range(chunk.Partition, chunk.First, chunk.Last);
        var rows = await tables.Due.QueryAsync<TableEntity>(filter, cancellationToken: cancellation)
            .Take(DueChunk.MaxRows).Select(DueFollowUp.Read).ToListAsync(cancellation);
        var looks = await Workers.RunAsync([.. rows.GroupBy(row => row.Conversation)], Width, group => LookAsync(group, cancellation));
        var early = looks.SelectMany(look => look.Pending).Select(due => due.FollowUp.DueAt - time.GetUtcNow()).Where(rest => rest > TimeSpan.Zero && rest <= Patience);
        await Task.Delay(early.DefaultIfEmpty(TimeSpan.Zero).Max(), time, cancellation);

        var now = time.GetUtcNow();
        var due = looks.Select(look => look with { Pending = [.. look.Pending.Where(one => one.FollowUp.DueAt <= now)] }).Where(look => look.Pending.Count > 0).ToList();
        var done = await SendAsync(due, cancellation);
        await index.DropDueAsync([.. looks.SelectMany(look => look.Ended), .. done], cancellation);
        await PutBackAsync([.. looks.SelectMany(look => look.Pending).Where(one => one.FollowUp.DueAt > now)], now, cancellation);
    }

    /// <summary>What the rows of one conversation mean: two reads side by side.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "One conversation's failure must not fail the chunk; the timer comes again.")]
    private async Task<Look> LookAsync(IGrouping<ConversationKey, DueFollowUp> rows, CancellationToken cancellation)
    {
        try
        {
            var (head, found) = (conversations.FindAsync(rows.Key, cancellation), reader.FindAllAsync(rows.Key, rows.Select(row => row.Number).Distinct(), cancellation));
            await Task.WhenAll(head, found);
            var (pending, ended) = (new List<PendingRow>(), new List<DueFollowUp>());
            foreach (var row in rows)
            {
                var followUp = (await found).GetValueOrDefault(row.Number);
                if (followUp is null || followUp.Revision < row.Revision)
                {
                    // It may be on its way; or its writer has failed, and it never comes.
                    await tables.Due.DropIfStaleAsync(row.Partition, row.RowKey, row.ETag, row.WrittenAt, time.GetUtcNow(), cancellation);
                }
                else if (followUp.Revision == row.Revision && followUp.Status == FollowUpStatus.Pending && IsOf(row, followUp))
                {
                    pending.Add(new PendingRow(row, followUp));
                }
                else
                {
                    ended.Add(row);
                }
            }

            if (await head is null && pending.Count > 0)
            {
                throw new InvalidOperationException("They have no conversation.");
            }

            pending.Sort((left, right) => (left.FollowUp.DueAt, left.FollowUp.Number).CompareTo((right.FollowUp.DueAt, right.FollowUp.Number)));
            return new Look(await head, pending, ended);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            LogNotRead(logger, e, rows.Key.PartitionKey);
            return new Look(null, [], []);
        }
    }

    /// <summary>A try for another time may have failed before a revision was written: its row is of that revision, but not the follow-up's.</summary>
    private static bool IsOf(DueFollowUp row, FollowUp followUp)
    {
        var own = IndexedFollowUp.Of(followUp).DueRow;
        return own.PartitionKey == row.Partition && own.RowKey == row.RowKey;
    }

    /// <returns>The rows whose follow-ups need no looking at any more.</returns>
    private async Task<List<DueFollowUp>> SendAsync(List<Look> due, CancellationToken cancellation)
    {
        if (due.Count == 0)
        {
            return [];
        }

        var heads = due.Select(look => look.Head!).ToList();
        var prepared = activity.PrepareAllAsync(heads, time.NowInMilliseconds().Minute(), cancellation);
        await Task.WhenAll(prepared, index.WriteAsync([.. due.SelectMany(look => look.Pending).Select(one => SentOf(one.FollowUp))], cancellation));
        var moved = await prepared;
        var results = await Workers.RunAsync(due, Width, look => SendAsync(look, moved.GetValueOrDefault(look.Head!.Key), cancellation));
        var together = results.SelectMany(result => result.Together).ToList();
        await Task.WhenAll(
            index.DropAsync([.. together.Select(one => IndexedFollowUp.Of(one.FollowUp))], cancellation),
            activity.DropPassedAsync([.. together.Select(one => one.Row.Conversation).Select(key => (heads.First(head => head.Key == key), moved[key]))], cancellation));
        return [.. results.SelectMany(result => result.Alone)];
    }

    /// <summary>One conversation's, in the order of their times.</summary>
    private async Task<Sent> SendAsync(Look look, Conversation? prepared, CancellationToken cancellation)
    {
        var sent = new Sent([], []);
        foreach (var one in look.Pending)
        {
            if (prepared is not null && await TrySendAsync(look.Head!, prepared, one.FollowUp, cancellation))
            {
                sent.Together.Add(one);
            }
            else if (await SendAloneAsync(look.Head!, one, cancellation))
            {
                sent.Alone.Add(one.Row);
            }

            // The head has moved.
            prepared = null;
        }

        return sent;
    }

    [SuppressMessage("Design", "CA1031", Justification = "The other way, which comes next, finds out what is the matter.")]
    private async Task<bool> TrySendAsync(Conversation head, Conversation prepared, FollowUp followUp, CancellationToken cancellation)
    {
        try
        {
            return !IsHandedOff(head) && await append.TryAppendAsync(head, prepared, DraftOf(followUp), cancellation) is not null;
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <returns>Whether its row in Due is of no more use.</returns>
    [SuppressMessage("Design", "CA1031", Justification = "One follow-up's failure must not fail the chunk; it is counted.")]
    private async Task<bool> SendAloneAsync(Conversation head, PendingRow due, CancellationToken cancellation)
    {
        try
        {
            if (IsHandedOff(head))
            {
                // Created by the clock of an instance for which the hand-off was over.
                await writer.EndAsync(due.FollowUp, FollowUpStatus.Cancelled, FollowUpReasons.HandedOff, detail: null, cancellation);
            }
            else
            {
                await append.AppendAsync(new ConversationRef(head.Key, null), DraftOf(due.FollowUp), key: null, cancellation);
            }

            return true;
        }
        catch (ParleyException e) when (e.Code == ErrorCode.FollowUpStatus)
        {
            // The customer was faster, or a client, or another run of this.
            return true;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            LogNotSent(logger, e, due.FollowUp.Id, due.FollowUp.Attempts + 1, MaxAttempts);
            return await CountAsync(due, e, cancellation);
        }
    }

    /// <summary>Counts a failed attempt: the last one, or one that no other can mend, ends the follow-up.</summary>
    /// <returns>Whether it has ended.</returns>
    [SuppressMessage("Design", "CA1031", Justification = "What cannot be counted either is left to the timer.")]
    private async Task<bool> CountAsync(PendingRow due, Exception failure, CancellationToken cancellation)
    {
        var (followUp, attempts) = (due.FollowUp, due.FollowUp.Attempts + 1);
        try
        {
            if (attempts >= MaxAttempts || failure is ParleyException { Code: var code } && code == ErrorCode.ConversationFull)
            {
                var detail = failure is ParleyException known ? known.Message : $"Attempt {attempts} ended with {failure.GetType().Name}.";
                await writer.EndAsync(followUp, FollowUpStatus.Failed, FollowUpReasons.DeliveryFailed, detail, cancellation);
                return true;
            }

            var counted = new TableEntity(followUp.Conversation.PartitionKey, RowKeys.FollowUp(followUp.Number)) { ["Attempts"] = attempts };
            await tables.Conversations.UpdateEntityAsync(counted, followUp.ETag, TableUpdateMode.Merge, cancellation);
            await queue.SendAsync(new DueChunk(due.Row.Partition, due.Row.RowKey, due.Row.RowKey), FirstRetry * Math.Pow(3, attempts - 1), cancellation);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            LogNotCounted(logger, e, followUp.Id);
        }

        return false;
    }

    /// <summary>What came too early, by this instance's clock.</summary>
    private async Task PutBackAsync(List<PendingRow> early, DateTimeOffset now, CancellationToken cancellation)
    {
        if (early.Count > 0)
        {
            var rows = early.Select(one => one.Row).OrderBy(row => row.RowKey, StringComparer.Ordinal).ToList();
            await queue.SendAsync(new DueChunk(rows[0].Partition, rows[0].RowKey, rows[^1].RowKey), early.Min(one => one.FollowUp.DueAt) - now, cancellation);
        }
    }

    private bool IsHandedOff(Conversation head) => head.HandedOffUntil > time.GetUtcNow();

    private static NewMessage DraftOf(FollowUp followUp) => new(MessageRole.Assistant, followUp.Text, null, null, null) { FollowUp = followUp };

    private static IndexedFollowUp SentOf(FollowUp followUp) =>
        IndexedFollowUp.Of(followUp) with { Revision = followUp.Revision + 1, Status = FollowUpStatus.Sent, DueAt = null };

    /// <summary>A row and its follow-up, which is pending at the row's revision.</summary>
    private sealed record PendingRow(DueFollowUp Row, FollowUp FollowUp);

    /// <summary>What the rows of one conversation mean.</summary>
    private sealed record Look(Conversation? Head, List<PendingRow> Pending, List<DueFollowUp> Ended);

    /// <summary>What was sent in the shared way, and what the long way is done with.</summary>
    private sealed record Sent(List<PendingRow> Together, List<DueFollowUp> Alone);

    [LoggerMessage(1104, LogLevel.Error, "Follow-ups of {Conversation} could not be read; the timer comes again.")]
    private static partial void LogNotRead(ILogger logger, Exception exception, string conversation);

    [LoggerMessage(1105, LogLevel.Warning, "Follow-up {FollowUp} could not be sent (attempt {Attempt} of {MaxAttempts}).")]
    private static partial void LogNotSent(ILogger logger, Exception exception, Guid followUp, int attempt, int maxAttempts);

    [LoggerMessage(1106, LogLevel.Error, "A failed attempt to send follow-up {FollowUp} could not be counted; the timer comes again.")]
    private static partial void LogNotCounted(ILogger logger, Exception exception, Guid followUp);
}
