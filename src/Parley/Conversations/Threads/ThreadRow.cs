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
            ["Messages"] = thread.Messages,
            ["CountedAt"] = thread.CountedAt,
        };

    /// <summary>The properties of a count, to be merged into the thread's row.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="messages">The number of its messages.</param>
    /// <param name="revision">The head's revision for which the number is right.</param>
    public static TableEntity Counted(ChatThread thread, int messages, int revision) =>
        new(thread.Conversation.PartitionKey, ThreadRowKeys.Thread(thread.Sequence))
        {
            ["Messages"] = messages,
            ["CountedAt"] = revision,
        };

    public static ChatThread Read(TableEntity row, ConversationKey conversation) => new(
        conversation,
        KeyParts.LastNumber(row.RowKey),
        row.GetInt64("Check")!.Value,
        row.GetGuid("MessageId")!.Value,
        row.GetDateTimeOffset("CreatedAt")!.Value)
    {
        Messages = row.GetInt32("Messages") ?? 0,
        CountedAt = row.GetInt32("CountedAt"),
        ETag = row.ETag,
    };

    /// <summary>The row of a message in a thread. It is written in the message's own transaction.</summary>
    /// <param name="thread">The thread.</param>
    /// <param name="message">The message.</param>
    /// <param name="position">The message's position in the thread, from 1.</param>
    public static TableEntity Message(ChatThread thread, MessageKey message, int position) =>
        new(message.Conversation.PartitionKey, ThreadRowKeys.ThreadMessage(thread.Sequence, message.Sequence))
        {
            ["Position"] = position,
        };
}
