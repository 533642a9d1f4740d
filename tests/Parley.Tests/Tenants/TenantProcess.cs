using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;
using Parley.Tenants;
using Parley.Tenants.Audit;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Tenants;

/// <summary>Helpers of the tests about tenants and their keys.</summary>
internal static class TenantProcess
{
    public static readonly AuditOrigin Operator = new(AuditActor.Administrator, null, "request");
    private const Scopes Granted = Scopes.MessagesRead | Scopes.Admin;

    /// <summary>Creates the tables, a tenant and a key.</summary>
    public static async Task<(TenantId Tenant, NewApiKey Key)> SetUpAsync(StrictTables tables, TimeProvider time)
    {
        var process = new ParleyProcess(tables.Connect("setup"), time, 1_000);
        await process.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        var created = await process.Administration.CreateTenantAsync("Acme", Operator, CancellationToken.None);
        return (created.Tenant, await CreateKeyAsync(process, created.Tenant));
    }

    public static Task<NewApiKey> CreateKeyAsync(ParleyProcess process, TenantId tenant, DateTimeOffset? expiresAt = null) =>
        process.KeyWriter.CreateAsync(tenant, "Key", Granted, Dialect.Parley, expiresAt, Operator, CancellationToken.None);

    public static Task<RotatedApiKey> RotateAsync(ParleyProcess process, TenantId tenant, int number, TimeSpan? overlap = null) =>
        process.KeyWriter.RotateAsync(
            tenant, number, KeyGrant.Unlimited, overlap ?? ApiKeyWriter.DefaultOverlap, null, Operator, CancellationToken.None);

    public static Task RevokeAsync(ParleyProcess process, TenantId tenant, int number) =>
        process.KeyWriter.RevokeAsync(tenant, number, Operator, CancellationToken.None);

    /// <summary>Runs an operation whose outcome may be unknown to its caller.</summary>
    public static async Task<bool> TryAsync(Func<Task> operation, params ErrorCode[] permitted)
    {
        try
        {
            await operation();
            return true;
        }
        catch (ParleyException e) when (e.Code == ErrorCode.StorageUnavailable || permitted.Contains(e.Code))
        {
            return false;
        }
        catch (Exception e) when (StorageErrors.IsOutcomeUnknown(e, CancellationToken.None))
        {
            return false;
        }
    }

    /// <summary>The answer of a process that has not seen the key before: null when it accepts the key.</summary>
    public static async Task<ErrorCode?> RefusalAsync(StrictTables tables, TimeProvider time, string text) =>
        await RefusalAsync(new ParleyProcess(tables.Connect("fresh"), time, 2_000).Authenticator, text);

    public static async Task<ErrorCode?> RefusalAsync(Authenticator authenticator, string text)
    {
        try
        {
            await authenticator.AuthenticateAsync(text, CancellationToken.None);
            return null;
        }
        catch (ParleyException e)
        {
            return e.Code;
        }
    }

    public static async Task<int> CountAsync(StrictTables tables, TimeProvider time, TenantId tenant, AuditAction action)
    {
        var log = new ParleyProcess(tables.Connect("audit"), time, 3_000).Audit;
        return (await log.ListAsync(tenant, null, 100, CancellationToken.None)).Items.Count(entry => entry.Action == action);
    }

    public static async Task<IReadOnlyList<ApiKey>> ListAsync(StrictTables tables, TimeProvider time, TenantId tenant) =>
        (await new ParleyProcess(tables.Connect("list"), time, 4_000).Keys.ListAsync(tenant, null, 100, CancellationToken.None)).Items;

    /// <summary>Checks that every row of the table Keys has its row in the list, and every key its audit entry.</summary>
    public static async Task AssertListedAsync(StrictTables tables, TimeProvider time, TenantId tenant)
    {
        var listed = await ListAsync(tables, time, tenant);
        var rows = await tables.Connect().ServiceClient().GetTableClient("Keys").QueryAsync<TableEntity>().ToListAsync();
        Assert.Subset(listed.Select(key => key.Hash).ToHashSet(StringComparer.Ordinal), rows.Select(row => row.RowKey).ToHashSet(StringComparer.Ordinal));
        var entries = await CountAsync(tables, time, tenant, AuditAction.KeyCreated) + await CountAsync(tables, time, tenant, AuditAction.KeyRotated);
        Assert.Equal(listed.Count, entries);
        Assert.Equal(listed.Count(key => key.RevokedAt is not null), await CountAsync(tables, time, tenant, AuditAction.KeyRevoked));
    }
}
