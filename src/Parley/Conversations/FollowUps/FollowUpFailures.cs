using System.Diagnostics.CodeAnalysis;
using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>The outcome for a schedule row.</summary>
internal enum SendOutcome
{
    /// <summary>This run sent the follow-up. The row can be deleted.</summary>
    Sent,

    /// <summary>Another writer ended the follow-up. The row can be deleted.</summary>
    Overtaken,

    /// <summary>This run ended the follow-up without sending it, and deleted the row.</summary>
    Ended,

    /// <summary>
    /// The follow-up may be pending. A queue message processes the row again, of this run or of a concurrent one.
    /// </summary>
    Retried,

    /// <summary>
    /// An earlier follow-up of the conversation is pending. The writer that ends that one enqueues the row again.
    /// </summary>
    Waiting,

    /// <summary>Only the host's retry of the chunk will process the row again.</summary>
    Failed,
}

/// <summary>Counts failed attempts to send follow-ups, and plans the next attempt or ends the follow-up.</summary>
public sealed partial class FollowUpFailures(
    ParleyTables tables,
    FollowUpReader reader,
    FollowUpWriter writer,
    IWorkQueue<FollowUpChunk> queue,
    WriteBudget budget,
    TimeProvider time,
    ILogger<FollowUpFailures> logger)
{
    /// <summary>The attempts to send a follow-up before its status becomes failed.</summary>
    public const int MaxAttempts = 5;

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Counts a failed attempt. The last attempt, and a failure that no retry can repair, end the follow-up.
    /// </summary>
    [SuppressMessage("Design", "CA1031", Justification = "The failure is logged, and the chunk is retried.")]
    internal async Task<SendOutcome> CountAsync(PendingRow one, Exception failure, CancellationToken cancellation)
    {
        var (followUp, attempts) = (one.FollowUp, one.FollowUp.Attempts + 1);
        var (code, detail) = failure is ParleyException known
            ? (known.Code, known.Message)
            : (null, $"Attempt {attempts} ended with {failure.GetType().Name}.");
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

            var delay = FirstRetry * Math.Pow(3, attempts - 1);
            if (await StoreAsync(followUp, attempts, time.NowInMilliseconds() + delay, cancellation))
            {
                await queue.SendAsync(
                    new FollowUpChunk(one.Row.Partition, one.Row.RowKey, one.Row.RowKey), delay, cancellation);
            }

            return SendOutcome.Retried;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            Telemetry.WorkFailed("follow_up.count");
            LogNotCounted(logger, PrivateException.Of(e), followUp.Id);
            return SendOutcome.Failed;
        }

        async Task<SendOutcome> EndAsync(FollowUpStatus status, string reason, string? why) =>
            await writer.EndAsync(followUp, status, reason, why, cancellation)
                ? SendOutcome.Ended
                : SendOutcome.Overtaken;
    }

    /// <returns>False when a concurrent run has counted this attempt, or the follow-up has changed.</returns>
    private async Task<bool> StoreAsync(
        FollowUp followUp, int attempts, DateTimeOffset retryAt, CancellationToken cancellation)
    {
        var row = new TableEntity(followUp.Conversation.PartitionKey, FollowUpRowKeys.FollowUp(followUp.Number))
        {
            ["Attempts"] = attempts,
            ["RetryAt"] = retryAt,
        };
        var running = budget.Start();
        try
        {
            await running.SendAsync(
                token => tables.Conversations.UpdateEntityAsync(row, followUp.ETag, TableUpdateMode.Merge, token),
                cancellation);
            return true;
        }
        catch (RequestFailedException e) when (e.IsPreconditionFailed())
        {
            // After a retry by the storage client the conflict may be with this write's own first request.
            return running.MayHaveLanded
                && await reader.FindAsync(followUp.Conversation, followUp.Number, cancellation) is { } stored
                && (stored.Revision, stored.Attempts) == (followUp.Revision, attempts);
        }
    }

    [LoggerMessage(
        1106,
        LogLevel.Error,
        "A failed attempt to send follow-up {FollowUp} could not be counted; it is tried again.")]
    private static partial void LogNotCounted(ILogger logger, Exception exception, Guid followUp);
}
