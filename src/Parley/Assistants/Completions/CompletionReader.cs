using Parley.Core;
using Parley.Storage;

namespace Parley.Assistants.Completions;

/// <summary>Reads single turns: one point read each.</summary>
public sealed class CompletionReader(ParleyTables tables)
{
    /// <summary>One, as a completion.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.CompletionNotFound"/>: also for a malformed id and another tenant's.</exception>
    public async Task<Completion> GetAsync(TenantId tenant, string id, CancellationToken cancellation) =>
        await FindAsync(tenant, id, cancellation) ?? throw ErrorCode.CompletionNotFound.With("There is no such completion.");

    /// <summary>One, or null.</summary>
    internal async Task<Completion?> FindAsync(TenantId tenant, string id, CancellationToken cancellation) =>
        EntityId.TryParse(id, EntityKind.Completion, tenant, out var entity)
        && await FindAsync(new MessageKey(entity.Conversation, entity.Sequence), cancellation) is { } completion && completion.Check == entity.Check
            ? completion
            : null;

    internal Task<Completion?> FindAsync(MessageKey key, CancellationToken cancellation) => CompletionRow.FindAsync(tables, key, cancellation);
}
