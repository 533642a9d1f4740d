using Parley.Core;
using Parley.Storage;
using Parley.Tenants.Audit;

namespace Parley.Tenants;

/// <summary>Reads tenants.</summary>
public sealed class TenantReader(ParleyTables tables, Cursors cursors)
{
    internal const string Counter = "LastTenant";

    /// <summary>Reads a tenant, in any state: one call.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.TenantNotFound"/>.</exception>
    public async Task<Tenant> GetAsync(TenantId tenant, CancellationToken cancellation) =>
        await FindAsync(tenant, cancellation) ?? throw NotFound();

    /// <summary>
    /// Reads a page of all tenants, the newest first: two calls, and a call for each tenant. A page can have fewer
    /// tenants than its size, because a creation that failed leaves its number unused.
    /// </summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidCursor"/>.</exception>
    public async Task<ListPage<Tenant>> ListAsync(string? cursor, int pageSize, CancellationToken cancellation)
    {
        var page = await cursors.ReadPageAsync(
            tables.Tenants,
            AuditLog.Administration,
            "tenants",
            Counter,
            number => AdministrationRowKeys.Tenant(new TenantId(number)),
            (row, _) => new TenantId(KeyParts.LastNumber(row.RowKey)),
            cursor,
            pageSize,
            cancellation);
        var found = await Workers.RunAsync(page.Items, TableReads.Width, id => FindAsync(id, cancellation));
        return new ListPage<Tenant>([.. found.OfType<Tenant>()], page.Next, page.Previous);
    }

    /// <summary>The error for an id that no tenant has, or that is malformed.</summary>
    public static ParleyException NotFound() => ErrorCode.TenantNotFound.With("There is no such tenant.");

    private async Task<Tenant?> FindAsync(TenantId tenant, CancellationToken cancellation) =>
        await tables.Tenants.FindAsync(
            tenant.PartitionKey, AdministrationRowKeys.Profile, cancellation) is { } row
            ? TenantRow.Read(row, tenant)
            : null;
}
