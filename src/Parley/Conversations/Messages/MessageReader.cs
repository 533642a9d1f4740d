using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.Messages;

/// <summary>Reads single messages, with one point read each.</summary>
public sealed class MessageReader(ParleyTables tables)
{
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.MessageNotFound"/>, also for a wrong check and for an id of another tenant.
    /// </exception>
    public async Task<Message> GetAsync(EntityRef<MessageKey> id, CancellationToken cancellation) =>
        await MessageRow.FindAsync(tables, id.Key, cancellation) is { } message && id.Matches(message.Check)
            ? message
            : throw NotFound();

    /// <summary>The last message of a conversation; null when it has none.</summary>
    public async Task<Message?> FindLastAsync(Conversation conversation, CancellationToken cancellation) =>
        conversation.Last >= conversation.First
            ? await MessageRow.FindAsync(tables, new MessageKey(conversation.Key, conversation.Last), cancellation)
            : null;

    /// <summary>The error for every id that matches no message of the caller's tenant.</summary>
    public static ParleyException NotFound() => ErrorCode.MessageNotFound.With("There is no such message.");
}
