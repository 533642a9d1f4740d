using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>Reads single conversations, with one point read each.</summary>
public sealed class ConversationReader(ParleyTables tables)
{
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ConversationNotFound"/>, also for a wrong check and for an id of another tenant.
    /// </exception>
    public async Task<Conversation> GetAsync(EntityRef<ConversationKey> id, CancellationToken cancellation) =>
        await FindAsync(id, cancellation) ?? throw NotFound();

    /// <summary>Returns null under the conditions that make <see cref="GetAsync"/> throw.</summary>
    public async Task<Conversation?> FindAsync(EntityRef<ConversationKey> id, CancellationToken cancellation) =>
        await FindAsync(id.Key, cancellation) is { } conversation && id.Matches(conversation.Check)
            ? conversation
            : null;

    /// <summary>The error for every id that matches no conversation of the caller's tenant.</summary>
    public static ParleyException NotFound() => ErrorCode.ConversationNotFound.With("There is no such conversation.");

    internal async Task<Conversation?> FindAsync(ConversationKey key, CancellationToken cancellation) =>
        await tables.Conversations.FindAsync(key.PartitionKey, ConversationRowKeys.Head, cancellation) is { } row
            ? ConversationRow.Read(row, key)
            : null;
}
