using Parley.Storage;

namespace Parley.Tenants;

/// <summary>A key that was found, with the state of its tenant.</summary>
internal sealed record FoundApiKey(Caller Caller, DateTimeOffset? EndsAt, TenantState State);

/// <summary>Finds the key of a hash in storage.</summary>
internal static class ApiKeyLookup
{
    /// <summary>
    /// One call for the row of the hash, and one for the key's row in the tenant's list and the tenant's profile, which
    /// decide. Null for an unknown, revoked or unlisted key, and for one of a tenant that no longer exists.
    /// </summary>
    public static async Task<FoundApiKey?> FindApiKeyAsync(
        this ParleyTables tables, string hash, CancellationToken cancellation)
    {
        var partition = AdministrationRowKeys.ApiKeyPartition(hash);
        if (await tables.Keys.FindAsync(partition, hash, cancellation) is not { } row)
        {
            return null;
        }

        var key = ApiKeyRow.Read(row);
        var listKey = AdministrationRowKeys.ApiKey(key.Number);
        var rows = (await tables.Tenants.FindAllAsync(
            key.Tenant.PartitionKey, [listKey, AdministrationRowKeys.Profile], cancellation)).ToList();
        if (rows.Find(one => one.RowKey == AdministrationRowKeys.Profile) is not { } profile)
        {
            return null;
        }

        if (rows.Find(one => one.RowKey == listKey) is { } listed)
        {
            key = ApiKeyListRow.Read(listed, key.Tenant);
        }
        else if (ApiKeyRow.MustBeListed(row))
        {
            return null;
        }

        return key.RevokedAt is null && key.Hash == hash
            ? new FoundApiKey(
                new Caller(key.Tenant, key.Number, key.Label, key.Scopes) { KeyHash = hash, ExpiresAt = key.ExpiresAt },
                key.EndsAt,
                TenantRow.ReadState(profile))
            : null;
    }
}
