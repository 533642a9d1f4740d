using Parley.Conversations.Threads;
using Parley.Core;
using Parley.Storage;
using Parley.Storage.ChangeLog;

namespace Parley.Conversations.Messages;

/// <summary>
/// Creates threads, which start from a message. A thread's key is its message's number, so that another client or a
/// retry finds the first thread.
/// </summary>
public sealed class ThreadCreation(
    ParleyTables tables,
    ConversationTransaction transaction,
    ThreadReader threads,
    TimeProvider time,
    RandomSource random)
{
    /// <summary>Returns the thread of a message and creates it if there is none.</summary>
    /// <param name="messageId">The message's id, as the client sent it.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.InvalidFields"/> for an unknown message, <see cref="ErrorCode.Busy"/>,
    /// <see cref="ErrorCode.StorageUnavailable"/> (the thread may have been stored).
    /// </exception>
    public async Task<ChatThread> CreateAsync(
        Conversation conversation,
        string messageId,
        CancellationToken cancellation)
    {
        var message = await MessageRow.FindAsync(tables, conversation.Key, messageId, cancellation)
            ?? throw ParleyException.Field("chatMessageId", "No such message in this chat.");
        var (check, at) = (random.NextBits(EntityId.CheckBits), time.NowInMilliseconds());
        var (_, thread) = await transaction.EditAsync(
            new EntityRef<ConversationKey>(conversation.Key, null),
            token => threads.FindAsync(conversation.Key, message.Key.Sequence, token),
            (head, existing, plan, _) =>
            {
                if (existing is not null)
                {
                    return Task.FromResult(existing);
                }

                var created = new ChatThread(head.Key, message.Key.Sequence, check, message.Id, at)
                {
                    // Before it exists, no version can append to it.
                    CountedAt = head.Revision,
                };
                plan.Add(ThreadRow.Create(created));
                plan.Log(ChangeType.ThreadCreated, created.Id, revision: 1);
                return Task.FromResult(created);
            },
            cancellation);
        return thread;
    }
}
