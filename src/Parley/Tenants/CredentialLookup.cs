using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Tenants;

/// <summary>Finds credentials in storage.</summary>
internal static class CredentialLookup
{
    /// <summary>
    /// Two calls for the text of a key: one for the row of its hash, and one for the key's row in the tenant's list and
    /// the tenant's profile, which decide. One call for every other credential. Null for an unknown, revoked or
    /// unlisted key, and for a tenant that does not exist.
    /// </summary>
    public static async Task<Admission?> FindAsync(
        this ParleyTables tables, Credential credential, CancellationToken cancellation)
    {
        if (credential.KeyHash is not { } hash)
        {
            return await tables.FindAsync(credential.Tenant, credential.KeyNumber, cancellation);
        }

        var partition = AdministrationRowKeys.ApiKeyPartition(hash);
        if (await tables.Keys.FindAsync(partition, hash, cancellation) is not { } row)
        {
            return null;
        }

        var key = ApiKeyRow.Read(row);
        var (profile, listed) = await tables.FindRowsAsync(key.Tenant, key.Number, cancellation);
        if (profile is null || (listed is null && ApiKeyRow.MustBeListed(row)))
        {
            return null;
        }

        var current = listed is null ? key : ApiKeyListRow.Read(listed, key.Tenant);
        return current.RevokedAt is null && current.Hash == hash
            ? new Admission(TenantRow.ReadState(profile), current) { IsListed = listed is not null }
            : null;
    }

    private static async Task<Admission?> FindAsync(
        this ParleyTables tables, TenantId tenant, int? number, CancellationToken cancellation)
    {
        var (profile, listed) = await tables.FindRowsAsync(tenant, number, cancellation);
        if (profile is null || (number is not null && listed is null))
        {
            return null;
        }

        var key = listed is null ? null : ApiKeyListRow.Read(listed, tenant);
        return key?.RevokedAt is null ? new Admission(TenantRow.ReadState(profile), key) : null;
    }

    private static async Task<(TableEntity? Profile, TableEntity? Listed)> FindRowsAsync(
        this ParleyTables tables, TenantId tenant, int? number, CancellationToken cancellation)
    {
        if (number is not { } key)
        {
            return (
                await tables.Tenants.FindAsync(tenant.PartitionKey, AdministrationRowKeys.Profile, cancellation), null);
        }

        var listKey = AdministrationRowKeys.ApiKey(key);
        var rows = (await tables.Tenants.FindAllAsync(
            tenant.PartitionKey, [listKey, AdministrationRowKeys.Profile], cancellation)).ToList();
        return (
            rows.Find(one => one.RowKey == AdministrationRowKeys.Profile),
            rows.Find(one => one.RowKey == listKey));
    }
}
