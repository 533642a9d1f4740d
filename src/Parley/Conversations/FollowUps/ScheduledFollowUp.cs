using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>A schedule row <c>f|…</c>: a follow-up to process at one revision.</summary>
internal readonly record struct ScheduledFollowUp(ScheduledRow Row)
{
    public string Partition => Row.PartitionKey;

    public string RowKey => Row.RowKey;

    /// <summary>The due time of the follow-up, truncated to seconds.</summary>
    public DateTimeOffset DueAt { get; private init; }

    public ConversationKey Conversation { get; private init; }

    public int Number { get; private init; }

    /// <summary>The revision that the row belongs to.</summary>
    public int Revision { get; private init; }

    /// <summary>The time of the first write, by storage's clock. Marks do not change it.</summary>
    public DateTimeOffset WrittenAt { get; private init; }

    /// <summary>Until this time a queue message is responsible for the row; null when there is none.</summary>
    public DateTimeOffset? QueuedUntil { get; private init; }

    public static ScheduledFollowUp Read(ScheduledRow row)
    {
        var (conversation, second, number, revision) = FollowUpRowKeys.ReadScheduledFollowUp(row.RowKey);
        return new ScheduledFollowUp(row)
        {
            DueAt = row.Minute.AddSeconds(second),
            Conversation = conversation,
            Number = number,
            Revision = revision,
            WrittenAt = row.Entity.GetDateTimeOffset("WrittenAt") ?? row.Timestamp,
            QueuedUntil = row.Entity.GetDateTimeOffset("QueuedUntil"),
        };
    }

    /// <summary>
    /// Returns the row marked as enqueued. The mark changes the row's timestamp, so it also stores the time of the
    /// first write.
    /// </summary>
    public TableEntity Queued(DateTimeOffset until) =>
        new(Partition, RowKey) { ["QueuedUntil"] = until, ["WrittenAt"] = WrittenAt };
}
