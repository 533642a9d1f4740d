using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Tenants;

/// <summary>A new tenant.</summary>
/// <param name="Tenant">Its number.</param>
/// <param name="Name">Its name.</param>
/// <param name="WebhookSecret">Signs its callbacks; see <see cref="WebhookSecrets"/>. Shown once.</param>
/// <param name="CreatedAt">When.</param>
public sealed record NewTenant(TenantId Tenant, string Name, string WebhookSecret, DateTimeOffset CreatedAt);

/// <summary>A new API key.</summary>
/// <param name="Number">Its number in the tenant.</param>
/// <param name="Key">Its text. Shown once; only its hash is stored.</param>
/// <param name="Label">Its name.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="CreatedAt">When.</param>
/// <param name="ExpiresAt">When it stops working, or null.</param>
public sealed record NewApiKey(int Number, string Key, string Label, Scopes Scopes, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt);

/// <summary>Makes tenants and their API keys.</summary>
public sealed class TenantAdministration(ParleyTables tables, TimeProvider time, RandomSource random, WriteBudget budget)
{
    /// <summary>Makes a tenant: takes the next number, then writes its settings. A crash in between leaves a number unused.</summary>
    public async Task<NewTenant> CreateTenantAsync(string name, CancellationToken cancellation)
    {
        var tenant = new TenantId(await CountAsync(TenantRowKeys.AdministrationPartition, "LastTenant", TenantId.Max, cancellation));
        var created = new NewTenant(tenant, name, WebhookSecrets.NewSecret(random), time.NowInMilliseconds());
        var profile = new TableEntity(tenant.PartitionKey, AdministrationRowKeys.Profile)
        {
            ["Name"] = name,
            ["WebhookSecret"] = created.WebhookSecret,
            ["CreatedAt"] = created.CreatedAt,
        };

        // The number is this call's alone, so a repeated send of the same rows is harmless.
        await tables.Tenants.UpsertEntityAsync(profile, TableUpdateMode.Replace, cancellation);
        await tables.Tenants.UpsertEntityAsync(
            new TableEntity(TenantRowKeys.AdministrationPartition, AdministrationRowKeys.Tenant(tenant)) { ["Name"] = name, ["CreatedAt"] = created.CreatedAt },
            TableUpdateMode.Replace,
            cancellation);
        return created;
    }

    /// <summary>Makes an API key of a tenant.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.TenantNotFound"/>.</exception>
    public async Task<NewApiKey> CreateKeyAsync(TenantId tenant, string label, Scopes scopes, DateTimeOffset? expiresAt, CancellationToken cancellation)
    {
        var profile = await tables.Tenants.GetEntityIfExistsAsync<TableEntity>(tenant.PartitionKey, AdministrationRowKeys.Profile, ["Name"], cancellation);
        if (!profile.HasValue)
        {
            throw ErrorCode.TenantNotFound.With("There is no such tenant.");
        }

        var number = await CountAsync(tenant.PartitionKey, "LastKey", int.MaxValue, cancellation);
        var token = ApiKeyToken.Create(random);
        var created = new NewApiKey(number, token, label, scopes, time.NowInMilliseconds(), expiresAt);
        var row = ApiKeyRow.Create(ApiKeyToken.Hash(token), tenant, number, label, scopes, created.CreatedAt, expiresAt);
        await tables.Keys.UpsertEntityAsync(row, TableUpdateMode.Replace, cancellation);
        return created;
    }

    /// <summary>Raises a counter under its ETag. A lost answer may leave a number unused, never give one out twice.</summary>
    private async Task<int> CountAsync(string partitionKey, string counter, int max, CancellationToken cancellation)
    {
        var running = budget.Start();
        while (true)
        {
            await running.WaitAsync(cancellation);
            var stored = await tables.Tenants.GetEntityIfExistsAsync<TableEntity>(partitionKey, TenantRowKeys.Counter, cancellationToken: cancellation);
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
                // Another one took this number, or this try did and its answer is lost; take the next.
            }
        }
    }
}
