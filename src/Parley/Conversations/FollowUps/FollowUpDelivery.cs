using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Parley.Conversations.Messages;
using Parley.Core;

namespace Parley.Conversations.FollowUps;

/// <summary>
/// Sends the due follow-ups of a chunk, those of one conversation in their order. The first of each conversation is
/// sent with index rows that are written for the whole chunk.
/// </summary>
public sealed partial class FollowUpDelivery(
    ConversationActivity activity,
    FollowUpReader reader,
    FollowUpIndex index,
    FollowUpFailures failures,
    FollowUpDispatch dispatch,
    MessageAppend append,
    TimeProvider time,
    ILogger<FollowUpDelivery> logger)
{
    /// <summary>The conversations of a chunk that are read or written at once.</summary>
    internal const int Width = 6;

    /// <summary>Sends follow-ups that are due.</summary>
    /// <param name="resolved">The follow-ups of each conversation in their order, at least one.</param>
    internal async Task<List<(PendingRow One, SendOutcome Outcome)>> SendAsync(
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
        var results = await Workers.RunAsync(
            resolved,
            Width,
            one => SendInOrderAsync(one, prepared.GetValueOrDefault(one.Head!.Key), preparedAt, cancellation));
        var finished = results.SelectMany(result => result.Done).ToList();
        var sentWithChunk = results.Where(result => result.SentWithChunk is not null).ToList();
        await Task.WhenAll(
            index.DropLostAsync(
                [.. finished.Where(one => one.Outcome != SendOutcome.Sent).Select(one => SentOf(one.One.FollowUp))]),
            index.DropListedAsync([.. sentWithChunk.Select(result => result.SentWithChunk!)], cancellation),
            activity.DropReplacedAsync(
                [.. sentWithChunk.Select(result => (result.Head, prepared[result.Head.Key]))], cancellation));
        return finished;
    }

    /// <summary>
    /// Sends the follow-ups of one conversation until one of them stays pending. After the last one, enqueues the
    /// conversation's next follow-up: it may have waited.
    /// </summary>
    private async Task<ConversationResult> SendInOrderAsync(
        ResolvedFollowUps resolved, Conversation? prepared, long preparedAt, CancellationToken cancellation)
    {
        var (head, done, isWaiting) = (resolved.Head!, new List<(PendingRow One, SendOutcome Outcome)>(), false);
        var remaining = head.Pending;
        FollowUp? sentWithChunk = null;
        foreach (var one in resolved.Pending)
        {
            if (isWaiting)
            {
                done.Add((one, SendOutcome.Waiting));
                continue;
            }

            using var span = Telemetry.Start("send follow-up", one.FollowUp.Trace);
            var sending = new FollowUpSending(one.FollowUp, reader, index, time);
            var withChunk = done.Count == 0 && prepared is not null
                ? await TrySendAsync(head, prepared, preparedAt, one.FollowUp, sending, cancellation)
                : null;
            var outcome = withChunk ?? await SendAloneAsync(one, sending, cancellation);
            done.Add((one, outcome));
            sentWithChunk = withChunk == SendOutcome.Sent ? one.FollowUp : sentWithChunk;
            isWaiting = outcome is SendOutcome.Retried or SendOutcome.Waiting or SendOutcome.Failed;

            // The end of a follow-up that cannot be sent has enqueued the next one.
            remaining = outcome == SendOutcome.Ended ? [] : sending.Remaining ?? remaining;
        }

        if (!isWaiting)
        {
            await dispatch.SendFirstIfSoonAsync(
                head.Key,
                remaining.ExceptBy(done.Select(result => result.One.FollowUp.Number), other => other.Number));
        }

        return new ConversationResult(head, done, sentWithChunk);
    }

    /// <summary>
    /// Sends a follow-up with the index rows that the chunk has written. After a result of null, the caller sends it
    /// alone.
    /// </summary>
    [SuppressMessage(
        "Design",
        "CA1031",
        Justification = "The caller then sends the follow-up alone, and that attempt reports the failure.")]
    private async Task<SendOutcome?> TrySendAsync(
        Conversation head,
        Conversation prepared,
        long preparedAt,
        FollowUp followUp,
        FollowUpSending sending,
        CancellationToken cancellation)
    {
        try
        {
            var isSent = await append.TryAppendAsync(
                head, prepared, preparedAt, DraftOf(followUp), sending, cancellation);
            return isSent ? SendOutcome.Sent : null;
        }
        catch (EarlierFollowUpException)
        {
            return SendOutcome.Waiting;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            LogSentAlone(logger, followUp.Id, e.GetType().Name);
            return null;
        }
    }

    [SuppressMessage(
        "Design",
        "CA1031",
        Justification = "One follow-up's failure must not stop the others of its chunk. It is logged and counted.")]
    private async Task<SendOutcome> SendAloneAsync(
        PendingRow one, FollowUpSending sending, CancellationToken cancellation)
    {
        try
        {
            await append.AppendWithAsync(
                [sending],
                new EntityRef<ConversationKey>(one.Row.Conversation, null),
                DraftOf(one.FollowUp),
                key: null,
                cancellation);
            return SendOutcome.Sent;
        }
        catch (EarlierFollowUpException)
        {
            return SendOutcome.Waiting;
        }
        catch (ParleyException e) when (e.Code == ErrorCode.FollowUpStatus)
        {
            // The customer, a client or a concurrent run was first, or this run's attempt whose response was lost.
            return SendOutcome.Overtaken;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            Telemetry.WorkFailed("follow_up.send");
            LogNotSent(
                logger,
                PrivateException.Of(e),
                one.FollowUp.Id,
                one.FollowUp.Attempts + 1,
                FollowUpFailures.MaxAttempts);
            return await failures.CountAsync(one, e, cancellation);
        }
    }

    private static NewMessage DraftOf(FollowUp followUp) =>
        new(MessageRole.Assistant, followUp.Text, null, null, null);

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

    /// <summary>The results of one conversation.</summary>
    /// <param name="SentWithChunk">The follow-up that was sent with the chunk's index rows, or null.</param>
    private sealed record ConversationResult(
        Conversation Head, IReadOnlyList<(PendingRow One, SendOutcome Outcome)> Done, FollowUp? SentWithChunk);
}
