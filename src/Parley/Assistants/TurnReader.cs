using Parley.Problems;
using Parley.Storage;

namespace Parley.Assistants;

/// <summary>Reads single turns: one point read each.</summary>
public sealed class TurnReader(ParleyTables tables)
{
    /// <summary>One, as a completion.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.CompletionNotFound"/>: also for a malformed id and another tenant's.</exception>
    public async Task<Turn> GetAsync(TenantId tenant, string id, CancellationToken cancellation) =>
        await FindAsync(tenant, id, cancellation) ?? throw ErrorCode.CompletionNotFound.With("There is no such completion.");

    /// <summary>One, or null.</summary>
    internal async Task<Turn?> FindAsync(TenantId tenant, string id, CancellationToken cancellation) =>
        EntityId.TryParse(id, EntityKind.Turn, tenant, out var entity)
        && await FindAsync(new MessageKey(entity.Conversation, entity.Sequence), cancellation) is { } turn && turn.Check == entity.Check
            ? turn
            : null;

    internal Task<Turn?> FindAsync(MessageKey key, CancellationToken cancellation) => TurnRow.FindAsync(tables, key, cancellation);
}
