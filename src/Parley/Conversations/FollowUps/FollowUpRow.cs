using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>
/// The rows of a follow-up in its conversation's partition: itself <c>f|n</c>, each of its transitions
/// <c>fe|n|revision</c>, and <c>fm|message|n</c> by which the message is found to have triggered it or to be what it
/// became.
/// </summary>
internal static class FollowUpRow
{
    public static TableEntity Create(FollowUp followUp)
    {
        var row = new TableEntity(followUp.Conversation.PartitionKey, FollowUpRowKeys.FollowUp(followUp.Number))
        {
            ["ConversationCheck"] = followUp.ConversationCheck,
            ["Check"] = followUp.Check,
            ["Rev"] = followUp.Revision,
            ["Status"] = (int)followUp.Status,
            ["DueAt"] = followUp.DueAt,
            ["Text"] = followUp.Text,
            ["CreatedAt"] = followUp.CreatedAt,
            ["UpdatedAt"] = followUp.UpdatedAt,
            ["TriggerId"] = followUp.TriggerId,
            ["Attempts"] = followUp.Attempts,
        };
        row.SetIfAny("Reason", followUp.Reason);
        row.SetIfAny("FinishedAt", followUp.FinishedAt);
        row.SetIfAny("MessageId", followUp.MessageId);
        return row;
    }

    public static FollowUp Read(TableEntity row, ConversationKey conversation) => new()
    {
        Conversation = conversation,
        ConversationCheck = row.GetInt64("ConversationCheck")!.Value,
        Number = KeyParts.LastNumber(row.RowKey),
        Check = row.GetInt64("Check")!.Value,
        Revision = row.GetInt32("Rev")!.Value,
        Status = (FollowUpStatus)row.GetInt32("Status")!.Value,
        DueAt = row.GetDateTimeOffset("DueAt")!.Value,
        Text = row.GetString("Text"),
        Reason = row.GetString("Reason"),
        CreatedAt = row.GetDateTimeOffset("CreatedAt")!.Value,
        UpdatedAt = row.GetDateTimeOffset("UpdatedAt")!.Value,
        FinishedAt = row.GetDateTimeOffset("FinishedAt"),
        TriggerId = row.GetGuid("TriggerId")!.Value,
        MessageId = row.GetGuid("MessageId"),
        Attempts = row.GetInt32("Attempts")!.Value,
        ETag = row.ETag,
    };

    /// <summary>The transition that made a revision.</summary>
    public static TableEntity Event(ConversationKey conversation, int number, int revision, FollowUpEvent transition)
    {
        var row = new TableEntity(conversation.PartitionKey, FollowUpRowKeys.FollowUpEvent(number, revision))
        {
            ["At"] = transition.At,
            ["To"] = (int)transition.To,
            ["Actor"] = transition.Actor,
        };
        row.SetIfAny("From", (int?)transition.From);
        row.SetIfAny("Reason", transition.Reason);
        row.SetIfAny("Detail", transition.Detail);
        return row;
    }

    public static FollowUpEvent ReadEvent(TableEntity row) => new(
        row.GetDateTimeOffset("At")!.Value,
        (FollowUpStatus?)row.GetInt32("From"),
        (FollowUpStatus)row.GetInt32("To")!.Value,
        row.GetString("Reason"),
        row.GetString("Actor"))
    {
        Detail = row.GetString("Detail"),
    };

    /// <summary>That a message triggered a follow-up, or is what it became.</summary>
    public static TableEntity OfMessage(MessageKey message, int number) =>
        new(message.Conversation.PartitionKey, FollowUpRowKeys.MessageFollowUp(message.Sequence, number));
}
