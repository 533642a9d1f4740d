using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.Messages;

/// <summary>The rows <c>m|n</c> of a conversation's partition.</summary>
internal static class MessageRow
{
    public static TableEntity Create(Message message)
    {
        var row = new TableEntity(message.Key.Conversation.PartitionKey, MessageRowKeys.Message(message.Key.Sequence))
        {
            ["WriteId"] = message.WriteId,
            ["Check"] = message.Check,
            ["Rev"] = message.Revision,
            ["Role"] = (int)message.Role,
            ["Type"] = message.Type,
            ["CreatedAt"] = message.CreatedAt,
            ["UpdatedAt"] = message.UpdatedAt,
        };
        LongText.Write(row, "Text", message.Text);
        row.SetIfAny("UserNumber", message.UserNumber);
        row.SetIfAny("UserName", message.UserName);
        row.SetIfAny("Quoted", message.Quoted);
        row.SetIfAny("EditId", message.EditId);
        row.SetIfAny("EditedBy", message.EditedBy);
        row.SetIfAny("DeletedBy", message.DeletedBy);
        row.SetIfAny("ReadAt", message.ReadAt);
        row.SetIfAny("Metadata", message.Metadata);
        row.SetIfAny("ContentPayload", message.ContentPayload);
        row.SetIfAny("QueryMetadata", message.QueryMetadata);
        row.SetIfAny("Feedback", message.Feedback);
        row.SetIfAny("ExternalId", message.ExternalId);
        row.SetIfAny("Thread", message.Thread);
        row.SetIfAny("Ticket", message.Ticket);
        row.SetIfAny("FollowUp", message.FollowUp);
        row.SetIfAny("Turn", message.Completion);
        AttachmentsProperty.Write(row, message.Attachments);
        if (message.Sender is { } sender)
        {
            row["SenderId"] = sender.Id;
            row.SetIfAny("SenderName", sender.Name);
            row.SetIfAny("SenderAvatar", sender.Avatar);
        }

        return row;
    }

    public static Message Read(TableEntity row, ConversationKey conversation) => new()
    {
        Key = new MessageKey(conversation, KeyParts.LastNumber(row.RowKey)),
        WriteId = row.GetString("WriteId"),
        Check = row.GetInt64("Check")!.Value,
        Revision = row.GetInt32("Rev")!.Value,
        Role = (MessageRole)row.GetInt32("Role")!.Value,
        Type = row.GetString("Type"),
        Text = LongText.Read(row, "Text")!,
        CreatedAt = row.GetDateTimeOffset("CreatedAt")!.Value,
        UserNumber = row.GetInt32("UserNumber"),
        UserName = row.GetString("UserName"),
        Quoted = row.GetInt32("Quoted"),
        EditId = row.GetString("EditId"),
        EditedBy = row.GetString("EditedBy"),
        DeletedBy = row.GetString("DeletedBy"),
        ReadAt = row.GetDateTimeOffset("ReadAt"),
        UpdatedAt = row.GetDateTimeOffset("UpdatedAt")!.Value,
        Metadata = row.GetString("Metadata"),
        ContentPayload = row.GetString("ContentPayload"),
        QueryMetadata = row.GetString("QueryMetadata"),
        Feedback = row.GetString("Feedback"),
        ExternalId = row.GetString("ExternalId"),
        Thread = row.GetGuid("Thread"),
        Ticket = row.GetInt32("Ticket"),
        FollowUp = row.GetInt32("FollowUp"),
        Completion = row.GetInt32("Turn"),
        Attachments = AttachmentsProperty.Read(row),
        Sender = row.GetGuid("SenderId") is { } sender
            ? new MessageSender(sender, row.GetString("SenderName"), row.GetString("SenderAvatar"))
            : null,
        ETag = row.ETag,
    };

    public static async Task<Message?> FindAsync(ParleyTables tables, MessageKey key, CancellationToken cancellation) =>
        await tables.Conversations.FindAsync(
            key.Conversation.PartitionKey, MessageRowKeys.Message(key.Sequence), cancellation) is { } row
            ? Read(row, key.Conversation)
            : null;

    /// <summary>Finds a message by its id, as the client sent it.</summary>
    public static async Task<Message?> FindAsync(
        ParleyTables tables,
        ConversationKey conversation,
        string id,
        CancellationToken cancellation) =>
        MessageKey.TryParseIn(conversation, id, out var reference)
            && await FindAsync(tables, reference.Key, cancellation) is { } message
            && reference.Matches(message.Check)
            ? message
            : null;

    /// <summary>Reads the messages of a range of numbers, ascending. Both ends are included.</summary>
    public static async IAsyncEnumerable<Message> ReadRangeAsync(
        ParleyTables tables,
        ConversationKey conversation,
        int first,
        int last,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var filter = Filters.Range(
            conversation.PartitionKey, MessageRowKeys.Message(first), MessageRowKeys.Message(last));
        await foreach (var row in tables.Conversations.QueryAsync<TableEntity>(
            filter, Math.Min(last - first + 1, Filters.MaxPerCall), cancellationToken: cancellation))
        {
            var message = Read(row, conversation);
            yield return message;
            if (message.Key.Sequence == last)
            {
                // After a full page the service returns a continuation, although no rows follow.
                yield break;
            }
        }
    }

    /// <summary>Reads messages by number, in no order: one concurrent call for each run of near numbers.</summary>
    public static async Task<IEnumerable<Message>> FindAllAsync(
        ParleyTables tables,
        ConversationKey conversation,
        IEnumerable<int> sequences,
        CancellationToken cancellation) =>
        (await tables.Conversations.FindAllAsync(
            conversation.PartitionKey, sequences.Select(MessageRowKeys.Message), cancellation))
            .Select(row => Read(row, conversation));
}
