using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>The follow-ups that the schedule rows of one conversation refer to.</summary>
/// <param name="Head">The conversation, with all due times; null when it could not be read.</param>
/// <param name="Pending">The rows with pending follow-ups, in the order of their due times.</param>
/// <param name="Obsolete">The rows whose follow-ups are no longer pending, or are pending for another time.</param>
internal sealed record ResolvedFollowUps(
    Conversation? Head,
    IReadOnlyList<PendingRow> Pending,
    IReadOnlyList<ScheduledFollowUp> Obsolete)
{
    /// <summary>The result when a read failed.</summary>
    public static ResolvedFollowUps Failed { get; } = new(null, [], []);
}

/// <summary>A row and its follow-up, which is pending at the row's revision.</summary>
internal sealed record PendingRow(ScheduledFollowUp Row, FollowUp FollowUp)
{
    /// <summary>The time of the next attempt.</summary>
    public DateTimeOffset ReadyAt => Timestamps.Latest(FollowUp.DueAt, FollowUp.RetryAt);
}

/// <summary>Resolves due schedule rows to their follow-ups.</summary>
public sealed partial class DueFollowUpResolver(
    Schedule schedule,
    ConversationReader conversations,
    FollowUpReader reader,
    TimeProvider time,
    ILogger<DueFollowUpResolver> logger)
{
    /// <summary>
    /// Resolves the rows of one conversation with two concurrent reads. A row without a follow-up may belong to a
    /// follow-up that is still being written; a row that is too old for that is deleted.
    /// </summary>
    [SuppressMessage(
        "Design",
        "CA1031",
        Justification = "One conversation's failure must not stop the others of its chunk. It is logged and retried.")]
    internal async Task<ResolvedFollowUps> ResolveAsync(
        IGrouping<ConversationKey, ScheduledFollowUp> rows,
        CancellationToken cancellation)
    {
        try
        {
            var reading = reader.FindAllAsync(rows.Key, rows.Select(row => row.Number).Distinct(), cancellation);
            var readingHead = conversations.FindAsync(rows.Key, cancellation);
            await Task.WhenAll(reading, readingHead);
            var (found, pending, obsolete) = (await reading, new List<PendingRow>(), new List<ScheduledFollowUp>());
            foreach (var row in rows)
            {
                if (!found.TryGetValue(row.Number, out var followUp) || followUp.Revision < row.Revision)
                {
                    await schedule.DropIfStaleAsync(row.Row, row.WrittenAt, time.GetUtcNow(), cancellation);
                }
                else if (followUp.Status == FollowUpStatus.Pending
                    && row.Row.IsOf(IndexedFollowUp.Of(followUp).Scheduled))
                {
                    // Not only of its revision: an attempt for another time may have written a row of it and lost.
                    pending.Add(new PendingRow(row, followUp));
                }
                else
                {
                    obsolete.Add(row);
                }
            }

            pending.Sort((left, right) =>
                PendingFollowUp.Order.Compare(left.FollowUp.AsPending, right.FollowUp.AsPending));
            if (await readingHead is not { } head)
            {
                return pending.Count == 0
                    ? new ResolvedFollowUps(null, pending, obsolete)
                    : throw new InvalidOperationException(
                        $"Pending follow-ups of {rows.Key.PartitionKey} have no head.");
            }

            head = head with { Pending = await reader.PendingOfAsync(head, cancellation) };
            return new ResolvedFollowUps(head, pending, obsolete);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            Telemetry.WorkFailed("follow_up.read");
            LogNotRead(logger, PrivateException.Of(e), rows.Key.PartitionKey);
            return ResolvedFollowUps.Failed;
        }
    }

    [LoggerMessage(1104, LogLevel.Error, "Follow-ups of {Conversation} could not be read; they are tried again.")]
    private static partial void LogNotRead(ILogger logger, Exception exception, string conversation);
}
