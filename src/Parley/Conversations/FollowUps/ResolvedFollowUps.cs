using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>What the rows of Due of one conversation mean.</summary>
/// <param name="Head">The conversation; null when it could not be read.</param>
/// <param name="Pending">Those whose follow-ups wait for their time, in the order of their times.</param>
/// <param name="Ended">Those whose follow-ups are not pending any more, or pending for another time.</param>
internal sealed record ResolvedFollowUps(
    Conversation? Head,
    IReadOnlyList<PendingRow> Pending,
    IReadOnlyList<ScheduledFollowUp> Ended)
{
    /// <summary>It could not be told.</summary>
    public static ResolvedFollowUps Failed { get; } = new(null, [], []);
}

/// <summary>A row and its follow-up, which is pending at the row's revision.</summary>
internal sealed record PendingRow(ScheduledFollowUp Row, FollowUp FollowUp);

/// <summary>Looks at what rows of Due are of.</summary>
public sealed partial class DueFollowUpResolver(
    ParleyTables tables,
    ConversationReader conversations,
    FollowUpReader reader,
    TimeProvider time,
    ILogger<DueFollowUpResolver> logger)
{
    /// <summary>
    /// The rows of one conversation: two reads side by side. A row that finds nothing may be on time, its follow-up
    /// being on its way; when it is too old for that it is dropped.
    /// </summary>
    [SuppressMessage("Design", "CA1031", Justification = "One conversation's failure must not keep the others of its chunk; it is logged, and tried again.")]
    internal async Task<ResolvedFollowUps> ResolveAsync(
        IGrouping<ConversationKey, ScheduledFollowUp> rows,
        CancellationToken cancellation)
    {
        try
        {
            var reading = reader.FindAllAsync(rows.Key, rows.Select(row => row.Number).Distinct(), cancellation);
            var head = conversations.FindAsync(rows.Key, cancellation);
            await Task.WhenAll(reading, head);
            var (found, pending, ended) = (await reading, new List<PendingRow>(), new List<ScheduledFollowUp>());
            foreach (var row in rows)
            {
                if (!found.TryGetValue(row.Number, out var followUp) || followUp.Revision < row.Revision)
                {
                    await tables.Schedule.DropIfStaleAsync(row.Partition, row.RowKey, row.ETag, row.WrittenAt, time.GetUtcNow(), cancellation);
                }
                else if (followUp.Status == FollowUpStatus.Pending && IsOf(row, followUp))
                {
                    pending.Add(new PendingRow(row, followUp));
                }
                else
                {
                    ended.Add(row);
                }
            }

            pending.Sort((left, right) => (left.FollowUp.DueAt, left.FollowUp.Number).CompareTo((right.FollowUp.DueAt, right.FollowUp.Number)));
            return await head is null && pending.Count > 0 ? throw new InvalidOperationException("They have no conversation.") : new ResolvedFollowUps(await head, pending, ended);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            LogNotRead(logger, e, rows.Key.PartitionKey);
            return ResolvedFollowUps.Failed;
        }
    }

    /// <summary>
    /// A try for another time may have failed before a revision was written: its row is of that revision, but not the
    /// follow-up's.
    /// </summary>
    private static bool IsOf(ScheduledFollowUp row, FollowUp followUp)
    {
        var own = IndexedFollowUp.Of(followUp).ScheduleRow;
        return own.PartitionKey == row.Partition && own.RowKey == row.RowKey;
    }

    [LoggerMessage(1104, LogLevel.Error, "Follow-ups of {Conversation} could not be read; they are tried again.")]
    private static partial void LogNotRead(ILogger logger, Exception exception, string conversation);
}
