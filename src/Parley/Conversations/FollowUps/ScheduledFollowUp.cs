using Azure;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>A row <c>f|…</c> of Due: a follow-up at one revision is to be looked at.</summary>
/// <param name="Partition">The minute.</param>
/// <param name="RowKey">The row's key.</param>
/// <param name="ETag">The row's ETag.</param>
internal readonly record struct ScheduledFollowUp(string Partition, string RowKey, ETag ETag)
{
    /// <summary>The time from which it is to be looked at: its follow-up's, without the part of a second.</summary>
    public DateTimeOffset DueAt { get; private init; }

    /// <summary>The conversation.</summary>
    public ConversationKey Conversation { get; private init; }

    /// <summary>The follow-up's number.</summary>
    public int Number { get; private init; }

    /// <summary>The revision that the row is for.</summary>
    public int Revision { get; private init; }

    /// <summary>When it was written, by storage's clock; marks leave it.</summary>
    public DateTimeOffset WrittenAt { get; private init; }

    /// <summary>Until when a message of the queue takes care of it.</summary>
    public DateTimeOffset? QueuedUntil { get; private init; }

    public static ScheduledFollowUp Read(TableEntity row)
    {
        var (conversation, second, number, revision) = FollowUpRowKeys.ReadScheduledFollowUp(row.RowKey);
        return new ScheduledFollowUp(row.PartitionKey, row.RowKey, row.ETag)
        {
            DueAt = ScheduleRowKeys.ReadSchedulePartition(row.PartitionKey).AddSeconds(second),
            Conversation = conversation,
            Number = number,
            Revision = revision,
            WrittenAt = row.GetDateTimeOffset("WrittenAt") ?? row.Timestamp!.Value,
            QueuedUntil = row.GetDateTimeOffset("QueuedUntil"),
        };
    }

    /// <summary>
    /// The row with a mark. A mark changes the row's timestamp, so it keeps when the row was written.
    /// </summary>
    public TableEntity Queued(DateTimeOffset until) => new(Partition, RowKey) { ["QueuedUntil"] = until, ["WrittenAt"] = WrittenAt };
}
