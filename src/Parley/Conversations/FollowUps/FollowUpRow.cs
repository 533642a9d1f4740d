using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>
/// The rows of a follow-up in its conversation's partition: <c>f|n</c> is the follow-up, <c>fe|n|revision</c> a
/// transition, and <c>fm|message|n</c> links it to the message that triggered it and to the sent message.
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
        row.SetIfAny("RetryAt", followUp.RetryAt);
        row.SetIfAny("FirstTriggerId", followUp.FirstTriggerId);
        row.SetIfAny("Trace", followUp.Trace);
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
        FirstTriggerId = row.GetGuid("FirstTriggerId"),
        MessageId = row.GetGuid("MessageId"),
        Attempts = row.GetInt32("Attempts")!.Value,
        RetryAt = row.GetDateTimeOffset("RetryAt"),
        Trace = row.GetString("Trace"),
        ETag = row.ETag,
    };

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

    /// <summary>Links a follow-up to the message that triggered it, or to the message that it was sent as.</summary>
    public static TableEntity OfMessage(MessageKey message, int number) =>
        new(message.Conversation.PartitionKey, FollowUpRowKeys.MessageFollowUp(message.Sequence, number));
}
