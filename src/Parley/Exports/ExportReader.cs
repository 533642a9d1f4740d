using Parley.Core;
using Parley.Storage;

namespace Parley.Exports;

/// <summary>A page of exports, newest first.</summary>
/// <param name="Exports">The exports.</param>
/// <param name="Next">The cursor of the next page, or null.</param>
/// <param name="Previous">The cursor of the page before, or null.</param>
public sealed record ExportPage(IReadOnlyList<Export> Exports, string? Next, string? Previous);

/// <summary>Reads exports.</summary>
public sealed class ExportReader(ParleyTables tables, Cursors cursors)
{
    /// <summary>The counter of a tenant's exports.</summary>
    internal const string Counter = "LastExport";

    /// <summary>What is answered for every id that names no export of the caller's tenant.</summary>
    public static ParleyException NotFound() => ErrorCode.ExportNotFound.With("There is no such export.");

    /// <summary>The export that a path names: one point read.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.ExportNotFound"/>: also for a malformed id, a wrong check and another tenant's id.</exception>
    public async Task<Export> GetAsync(TenantId tenant, string id, CancellationToken cancellation)
    {
        var (number, check) = EntityId.TryParse(id, EntityKind.Export, tenant, out var entity) ? (entity.Conversation.Number, (long?)entity.Check)
            : Ids.TryParseInteger(id, int.MaxValue, out var integer) ? ((int)integer, null)
            : throw NotFound();
        return await FindAsync(new ExportKey(tenant, number), cancellation) is { } export && Ids.CheckMatches(check, export.Check) ? export : throw NotFound();
    }

    /// <summary>A page of all exports. Numbers are dense, so a page is one range of keys: two calls for each.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidCursor"/>.</exception>
    public async Task<ExportPage> ListAsync(TenantId tenant, string? cursor, int pageSize, CancellationToken cancellation)
    {
        const string Query = "exports";
        var position = await cursors.OpenNumberAsync(tenant, Query, cursor, cancellation);
        var counters = await tables.Tenants.FindAsync(tenant.PartitionKey, TenantRowKeys.Counter, cancellation);
        var page = NumberPage.NewestFirst(1, counters?.GetInt32(Counter) ?? 0, position, pageSize);
        var rows = await tables.Tenants.ReadPageAsync(tenant.PartitionKey, ExportRowKeys.Export, page, cancellation);
        return new ExportPage(
            [.. rows.Select(row => ExportRow.Read(row, tenant))],
            page.Next is { } next ? await cursors.SealNumberAsync(tenant, Query, next, cancellation) : null,
            page.Previous is { } previous ? await cursors.SealNumberAsync(tenant, Query, previous, cancellation) : null);
    }

    internal async Task<Export?> FindAsync(ExportKey key, CancellationToken cancellation) =>
        await tables.Tenants.FindAsync(key.Tenant.PartitionKey, ExportRowKeys.Export(key.Number), cancellation) is { } row ? ExportRow.Read(row, key.Tenant) : null;
}
