using Parley.Core;
using Parley.Storage;

namespace Parley.Tenants;

/// <summary>Reads the list of a tenant's API keys.</summary>
public sealed class ApiKeyReader(ParleyTables tables, Cursors cursors)
{
    internal const string Counter = "LastKey";

    /// <summary>Reads a key in any state, also a revoked or expired one: one call.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.KeyNotFound"/>.</exception>
    public async Task<ApiKey> GetAsync(TenantId tenant, int number, CancellationToken cancellation) =>
        await FindAsync(tenant, number, cancellation) ?? throw NotFound();

    /// <summary>Reads a page, the newest key first, with revoked and expired keys: two calls.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidCursor"/>.</exception>
    public Task<ListPage<ApiKey>> ListAsync(
        TenantId tenant, string? cursor, int pageSize, CancellationToken cancellation) =>
        cursors.ReadPageAsync(
            tables.Tenants,
            tenant,
            "keys",
            Counter,
            AdministrationRowKeys.ApiKey,
            ApiKeyListRow.Read,
            cursor,
            pageSize,
            cancellation);

    public static ParleyException NotFound() => ErrorCode.KeyNotFound.With("There is no such API key.");

    internal async Task<ApiKey?> FindAsync(TenantId tenant, int number, CancellationToken cancellation) =>
        await tables.Tenants.FindAsync(
            tenant.PartitionKey, AdministrationRowKeys.ApiKey(number), cancellation) is { } row
            ? ApiKeyListRow.Read(row, tenant)
            : null;
}
