using Azure.Data.Tables;
using Parley.Storage;

namespace Parley.Messages;

/// <summary>The rows <c>m|n</c> of a conversation's partition.</summary>
internal static class MessageRow
{
    public static TableEntity Create(Message message)
    {
        var row = new TableEntity(message.Key.Conversation.PartitionKey, RowKeys.Message(message.Key.Sequence))
        {
            ["WriteId"] = message.WriteId,
            ["Check"] = message.Check,
            ["Rev"] = message.Revision,
            ["Role"] = (int)message.Role,
            ["Type"] = message.Type,
            ["CreatedAt"] = message.CreatedAt,
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
        return row;
    }

    public static Message Read(TableEntity row, ConversationKey conversation) => new()
    {
        Key = new MessageKey(conversation, RowKeys.MessageSequence(row.RowKey)),
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
        Metadata = row.GetString("Metadata"),
        ETag = row.ETag,
    };

    /// <summary>One message, or null.</summary>
    public static async Task<Message?> FindAsync(ParleyTables tables, MessageKey key, CancellationToken cancellation)
    {
        var row = await tables.Conversations.GetEntityIfExistsAsync<TableEntity>(
            key.Conversation.PartitionKey, RowKeys.Message(key.Sequence), cancellationToken: cancellation);
        return row.HasValue ? Read(row.Value!, key.Conversation) : null;
    }
}
