using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;
using Parley.Storage.Secrets;

namespace Parley.Tenants;

/// <summary>A new tenant.</summary>
/// <param name="WebhookSecret">Signs the tenant's webhooks; see <see cref="WebhookSecrets"/>. Shown once.</param>
public sealed record NewTenant(TenantId Tenant, string Name, string WebhookSecret, DateTimeOffset CreatedAt);

/// <summary>A new API key.</summary>
/// <param name="Number">The key's number in its tenant.</param>
/// <param name="Key">The key's text. Shown once; only its hash is stored.</param>
/// <param name="ExpiresAt">Null when the key does not expire.</param>
public sealed record NewApiKey(
    int Number,
    string Key,
    string Label,
    Scopes Scopes,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt);

/// <summary>Creates tenants and their API keys.</summary>
public sealed class TenantAdministration(
    ParleyTables tables, SecretSealer sealer, TimeProvider time, RandomSource random, WriteBudget budget)
{
    /// <summary>
    /// Creates a tenant: reserves the next number, then writes the settings. A crash between the two leaves the number
    /// unused.
    /// </summary>
    public async Task<NewTenant> CreateTenantAsync(string name, CancellationToken cancellation)
    {
        var tenant = new TenantId(
            await CountAsync(TenantRowKeys.AdministrationPartition, "LastTenant", TenantId.Max, cancellation));
        var created = new NewTenant(tenant, name, WebhookSecret.Create(random), time.NowInMilliseconds());
        var profile = new TableEntity(tenant.PartitionKey, AdministrationRowKeys.Profile)
        {
            ["Name"] = name,
            ["WebhookSecret"] = sealer.Seal(
                created.WebhookSecret, WebhookSecrets.Place(tenant, WebhookSecrets.Current)),
            ["CreatedAt"] = created.CreatedAt,
        };

        // Only this call has the number, so the same rows may be sent more than once.
        await tables.Tenants.UpsertEntityAsync(profile, TableUpdateMode.Replace, cancellation);
        await tables.Tenants.UpsertEntityAsync(
            new TableEntity(TenantRowKeys.AdministrationPartition, AdministrationRowKeys.Tenant(tenant))
            {
                ["Name"] = name,
                ["CreatedAt"] = created.CreatedAt,
            },
            TableUpdateMode.Replace,
            cancellation);
        return created;
    }

    /// <exception cref="ParleyException"><see cref="ErrorCode.TenantNotFound"/>.</exception>
    public async Task<NewApiKey> CreateKeyAsync(
        TenantId tenant,
        string label,
        Scopes scopes,
        DateTimeOffset? expiresAt,
        CancellationToken cancellation)
    {
        var profile = await tables.Tenants.GetEntityIfExistsAsync<TableEntity>(
            tenant.PartitionKey, AdministrationRowKeys.Profile, ["Name"], cancellation);
        if (!profile.HasValue)
        {
            throw ErrorCode.TenantNotFound.With("There is no such tenant.");
        }

        var number = await CountAsync(tenant.PartitionKey, "LastKey", int.MaxValue, cancellation);
        var token = ApiKeyToken.Create(random);
        var created = new NewApiKey(number, token, label, scopes, time.NowInMilliseconds(), expiresAt);
        var row = ApiKeyRow.Create(
            ApiKeyToken.Hash(token), tenant, number, label, scopes, created.CreatedAt, expiresAt);
        await tables.Keys.UpsertEntityAsync(row, TableUpdateMode.Replace, cancellation);
        return created;
    }

    /// <summary>
    /// Increments a counter under its ETag. A lost response can leave a number unused, but no number is returned twice.
    /// </summary>
    private async Task<int> CountAsync(
        string partitionKey, string counter, int max, CancellationToken cancellation)
    {
        var running = budget.Start();
        while (true)
        {
            await running.WaitAsync(cancellation);
            var stored = await tables.Tenants.GetEntityIfExistsAsync<TableEntity>(
                partitionKey, TenantRowKeys.Counter, cancellationToken: cancellation);
            var number = (stored.HasValue ? stored.Value!.GetInt32(counter) ?? 0 : 0) + 1;
            ArgumentOutOfRangeException.ThrowIfGreaterThan(number, max, counter);
            var row = new TableEntity(partitionKey, TenantRowKeys.Counter) { [counter] = number };
            try
            {
                await running.SendAsync(
                    token => stored.HasValue
                        ? tables.Tenants.UpdateEntityAsync(row, stored.Value!.ETag, TableUpdateMode.Merge, token)
                        : tables.Tenants.AddEntityAsync(row, token),
                    cancellation);
                return number;
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, cancellation))
            {
                // Another call has this number, or this attempt stored it and the response was lost: try the next.
            }
        }
    }
}
