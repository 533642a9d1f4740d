using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.Threads;

/// <summary>The rows <c>th|n</c> of a conversation's partition, and <c>tm|n|m</c> for the messages m of each.</summary>
internal static class ThreadRow
{
    public static TableEntity Create(ChatThread thread) =>
        new(thread.Conversation.PartitionKey, ThreadRowKeys.Thread(thread.Sequence))
        {
            ["Check"] = thread.Check,
            ["MessageId"] = thread.MessageId,
            ["CreatedAt"] = thread.CreatedAt,
        };

    public static ChatThread Read(TableEntity row, ConversationKey conversation) => new(
        conversation,
        KeyParts.LastNumber(row.RowKey),
        row.GetInt64("Check")!.Value,
        row.GetGuid("MessageId")!.Value,
        row.GetDateTimeOffset("CreatedAt")!.Value);

    /// <summary>The row of a message in a thread. It is written in the message's own transaction.</summary>
    public static TableEntity Message(EntityId thread, MessageKey message) =>
        new(message.Conversation.PartitionKey, ThreadRowKeys.ThreadMessage(thread.Sequence, message.Sequence));
}
