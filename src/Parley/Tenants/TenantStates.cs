using System.Collections.Concurrent;
using Parley.Core;
using Parley.Storage;

namespace Parley.Tenants;

/// <summary>
/// The states of tenants, for work in the background. A state is cached for <see cref="CredentialCache.CacheTime"/>, so
/// that a queue message costs no read while its tenant has others.
/// </summary>
public sealed class TenantStates(ParleyTables tables, TimeProvider time)
{
    private const int MaxCached = 10_000;

    private readonly ConcurrentDictionary<TenantId, Known> cache = new();

    /// <summary>True while a tenant is being deleted and afterwards: nothing may be done for it.</summary>
    /// <exception cref="Azure.RequestFailedException">Storage failed.</exception>
    public async ValueTask<bool> IsDeletedAsync(TenantId tenant, CancellationToken cancellation)
    {
        if (!cache.TryGetValue(tenant, out var known) || time.GetElapsedTime(known.ReadAt) > CredentialCache.CacheTime)
        {
            var readAt = time.GetTimestamp();
            var profile = await tables.Tenants.FindAsync(
                tenant.PartitionKey, AdministrationRowKeys.Profile, cancellation);
            if (cache.Count >= MaxCached)
            {
                cache.Clear();
            }

            cache[tenant] = known = new Known(TenantRow.ReadState(profile), readAt);
        }

        return known.State is TenantState.Deleting or TenantState.Deleted;
    }

    private sealed record Known(TenantState State, long ReadAt);
}
