using Parley.Core;
using Parley.Storage;

namespace Parley.Exports;

/// <summary>Reads exports.</summary>
public sealed class ExportReader(ParleyTables tables, Cursors cursors)
{
    /// <summary>The counter of a tenant's exports.</summary>
    internal const string Counter = "LastExport";

    /// <summary>What is answered for every id that names no export of the caller's tenant.</summary>
    public static ParleyException NotFound() => ErrorCode.ExportNotFound.With("There is no such export.");

    /// <summary>The export that a path names: one point read.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.ExportNotFound"/>: also for a malformed id, a wrong check and another tenant's id.</exception>
    public async Task<Export> GetAsync(TenantId tenant, string id, CancellationToken cancellation) =>
        EntityRef.TryParse<ExportKey>(id, tenant, out var reference)
        && await FindAsync(reference.Key, cancellation) is { } export
        && reference.Matches(export.Check)
            ? export
            : throw NotFound();

    /// <summary>A page of all exports. Numbers are dense, so a page is one range of keys: two calls for each.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidCursor"/>.</exception>
    public Task<ListPage<Export>> ListAsync(
        TenantId tenant, string? cursor, int pageSize, CancellationToken cancellation) =>
        cursors.ReadPageAsync(
            tables.Tenants, tenant, "exports", Counter, ExportRowKeys.Export, ExportRow.Read, cursor, pageSize, cancellation);

    internal async Task<Export?> FindAsync(ExportKey key, CancellationToken cancellation) =>
        await tables.Tenants.FindAsync(key.Tenant.PartitionKey, ExportRowKeys.Export(key.Number), cancellation) is { } row ? ExportRow.Read(row, key.Tenant) : null;
}
