using Azure;
using Parley.Conversations.Threads;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.Messages;

/// <summary>
/// Creates threads, which start from a message. A thread's key is its message's number, so that another client or a
/// retry finds the first thread.
/// </summary>
public sealed class ThreadCreation(ParleyTables tables, ThreadReader threads, TimeProvider time, RandomSource random)
{
    /// <summary>Returns the thread of a message and creates it if there is none.</summary>
    /// <param name="messageId">The message's id, as the client sent it.</param>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidFields"/> for an unknown message.</exception>
    public async Task<ChatThread> CreateAsync(
        Conversation conversation,
        string messageId,
        CancellationToken cancellation)
    {
        var message = await MessageRow.FindAsync(tables, conversation.Key, messageId, cancellation)
            ?? throw ParleyException.Field("chatMessageId", "No such message in this chat.");
        var created = new ChatThread(
            conversation.Key,
            message.Key.Sequence,
            random.NextBits(EntityId.CheckBits),
            message.Id,
            time.NowInMilliseconds())
        {
            // Before it exists, no version can append to it.
            CountedAt = conversation.Revision,
        };
        try
        {
            await tables.Conversations.AddEntityAsync(ThreadRow.Create(created), cancellation);
            return created;
        }
        catch (RequestFailedException e) when (e.IsAlreadyExists())
        {
            return await threads.FindAsync(conversation.Key, created.Sequence, cancellation)
                ?? throw new InvalidOperationException(
                    $"Thread {created.Sequence} of {conversation.Key.PartitionKey} no longer exists.", e);
        }
    }
}
