using Azure;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.Threads;

/// <summary>
/// Creates threads. A thread's key is its message's number, so whoever comes second, be it another client or a retry, finds the first one's.
/// </summary>
public sealed class ThreadCreation(ParleyTables tables, ThreadReader threads, TimeProvider time, RandomSource random)
{
    /// <summary>The thread of a message; made if there is none.</summary>
    /// <param name="conversation">The conversation.</param>
    /// <param name="messageId">The message's id as the client sent it.</param>
    /// <param name="cancellation">Ends the creation.</param>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidFields"/> for an unknown message.</exception>
    public async Task<ChatThread> CreateAsync(Conversation conversation, string messageId, CancellationToken cancellation)
    {
        var message = await MessageRow.FindAsync(tables, conversation.Key, messageId, cancellation)
            ?? throw ParleyException.Field("chatMessageId", "No such message in this chat.");
        var made = new ChatThread(conversation.Key, message.Key.Sequence, random.NextBits(EntityId.CheckBits), message.Id, time.NowInMilliseconds());
        try
        {
            await tables.Conversations.AddEntityAsync(ThreadRow.Create(made), cancellation);
            return made;
        }
        catch (RequestFailedException e) when (e.IsAlreadyExists())
        {
            return await threads.FindAsync(conversation.Key, made.Sequence, cancellation)
                ?? throw new InvalidOperationException($"Thread {made.Sequence} of {conversation.Key.PartitionKey} vanished.", e);
        }
    }
}
