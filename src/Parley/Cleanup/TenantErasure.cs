using Parley.Core;
using Parley.Tenants;

namespace Parley.Cleanup;

/// <summary>What a store had of a deleted tenant: rows of a table, or blobs of a container.</summary>
/// <param name="Conversations">Rows of the table Conversations.</param>
/// <param name="Tenants">Rows of the table Tenants, without the profile.</param>
/// <param name="Keys">Rows of the table Keys: API keys.</param>
/// <param name="Schedule">Rows of the table Schedule.</param>
/// <param name="Due">Rows of the table Due.</param>
/// <param name="Files">Blobs of the container files.</param>
/// <param name="Exports">Blobs of the container exports.</param>
public sealed record ErasedCounts(
    long Conversations, long Tenants, long Keys, long Schedule, long Due, long Files, long Exports)
{
    /// <summary>No rows and no blobs.</summary>
    public static ErasedCounts None { get; } = new(0, 0, 0, 0, 0, 0, 0);

    /// <summary>These counts with more of one store.</summary>
    internal ErasedCounts Add(ErasedStoreName store, long count) => store switch
    {
        ErasedStoreName.Conversations => this with { Conversations = Conversations + count },
        ErasedStoreName.Tenants => this with { Tenants = Tenants + count },
        ErasedStoreName.Keys => this with { Keys = Keys + count },
        ErasedStoreName.Schedule => this with { Schedule = Schedule + count },
        ErasedStoreName.Due => this with { Due = Due + count },
        ErasedStoreName.Files => this with { Files = Files + count },
        _ => this with { Exports = Exports + count },
    };
}

/// <summary>The stores of <see cref="ErasedCounts"/>.</summary>
public enum ErasedStoreName
{
    Conversations,
    Tenants,
    Keys,
    Schedule,
    Due,
    Files,
    Exports,
}

/// <summary>The deletion of a tenant: the receipt.</summary>
/// <param name="Tenant">The tenant. No other tenant ever gets its number.</param>
/// <param name="State"><see cref="TenantState.Deleting"/>, then <see cref="TenantState.Deleted"/>.</param>
/// <param name="RequestedAt">The time of the first request.</param>
/// <param name="ErasesAt">
/// The earliest time of the next pass: nothing is erased earlier. Null when the deletion is complete.
/// </param>
/// <param name="FinishedAt">The time when a whole pass found nothing any more; null before.</param>
/// <param name="Counts">What was found and erased so far. Each row and each blob is counted once.</param>
public sealed record TenantErasure(
    TenantId Tenant,
    TenantState State,
    DateTimeOffset RequestedAt,
    DateTimeOffset? ErasesAt,
    DateTimeOffset? FinishedAt,
    ErasedCounts Counts);

/// <summary>What a deletion would erase.</summary>
/// <param name="Counts">The counts of all stores.</param>
/// <param name="AtLeast">The stores that have more than was counted.</param>
public sealed record TenantContents(ErasedCounts Counts, IReadOnlyList<ErasedStoreName> AtLeast);
