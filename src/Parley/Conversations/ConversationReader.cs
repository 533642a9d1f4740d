using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>Reads conversations: one point read each.</summary>
public sealed class ConversationReader(ParleyTables tables)
{
    /// <summary>One conversation.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.ConversationNotFound"/>: also for a wrong check and another tenant's id.</exception>
    public async Task<Conversation> GetAsync(EntityRef<ConversationKey> id, CancellationToken cancellation) =>
        await FindAsync(id, cancellation) ?? throw NotFound();

    /// <summary>One conversation, or null.</summary>
    public async Task<Conversation?> FindAsync(EntityRef<ConversationKey> id, CancellationToken cancellation) =>
        await FindAsync(id.Key, cancellation) is { } conversation && id.Matches(conversation.Check) ? conversation : null;

    /// <summary>What is answered for every id that names no conversation of the caller's tenant.</summary>
    public static ParleyException NotFound() => ErrorCode.ConversationNotFound.With("There is no such conversation.");

    internal async Task<Conversation?> FindAsync(ConversationKey key, CancellationToken cancellation) =>
        await tables.Conversations.FindAsync(key.PartitionKey, ConversationRowKeys.Head, cancellation) is { } row ? ConversationRow.Read(row, key) : null;
}
