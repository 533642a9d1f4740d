using Parley.Core;
using Parley.Storage;

namespace Parley.Senders;

/// <summary>Reads senders.</summary>
public sealed class SenderReader(ParleyTables tables, Cursors cursors)
{
    /// <summary>The property of a tenant's counter row that holds the last sender's number.</summary>
    internal const string Counter = "LastSender";

    /// <summary>Reads a sender with one point read.</summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.SenderNotFound"/>: also for an id with another check value or of another tenant.
    /// </exception>
    public async Task<Sender> GetAsync(EntityRef<SenderKey> id, CancellationToken cancellation) =>
        await FindAsync(id, cancellation) ?? throw NotFound();

    /// <summary>The error for every id that belongs to no sender of the caller's tenant.</summary>
    public static ParleyException NotFound() => ErrorCode.SenderNotFound.With("There is no such sender.");

    public async Task<Sender?> FindAsync(EntityRef<SenderKey> id, CancellationToken cancellation) =>
        await FindAsync(id.Key, cancellation) is { } sender && id.Matches(sender.Check) ? sender : null;

    /// <summary>Reads the sender whose id a request's body contains.</summary>
    /// <param name="id">As the client sent it; null when the body contains no id.</param>
    /// <param name="field">The name of the body's field, for the error.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.InvalidFields"/> when no sender of the tenant has this id.
    /// </exception>
    public async Task<Sender?> GetReferencedAsync(
        TenantId tenant, string? id, string field, CancellationToken cancellation)
    {
        if (id is null)
        {
            return null;
        }

        var sender = EntityRef.TryParse<SenderKey>(id, tenant, out var reference)
            ? await FindAsync(reference, cancellation)
            : null;
        return sender ?? throw ParleyException.Field(field, "No such sender.");
    }

    /// <summary>Finds a sender with two point reads.</summary>
    public Task<Sender?> FindByIdentifierAsync(TenantId tenant, string identifier, CancellationToken cancellation) =>
        FindByAsync(tenant, SenderRowKeys.SenderIdentifier(Digest.Of(identifier)), cancellation);

    /// <summary>Finds a sender with two point reads.</summary>
    public Task<Sender?> FindByExternalIdAsync(TenantId tenant, string externalId, CancellationToken cancellation) =>
        FindByAsync(tenant, SenderRowKeys.SenderExternalId(Digest.Of(externalId)), cancellation);

    /// <summary>
    /// Reads a page of a tenant's senders with two calls: numbers are dense, so a page is one range of keys.
    /// </summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidCursor"/>.</exception>
    public Task<ListPage<Sender>> ListAsync(
        TenantId tenant, string? cursor, int pageSize, CancellationToken cancellation) =>
        cursors.ReadPageAsync(
            tables.Tenants,
            tenant,
            "senders",
            Counter,
            SenderRowKeys.Sender,
            SenderRow.Read,
            cursor,
            pageSize,
            cancellation);

    /// <summary>Reads a page by its number, the newest first, with two calls, and the number of all senders.</summary>
    /// <param name="page">From 1. A page past the end is empty.</param>
    public async Task<(IReadOnlyList<Sender> Senders, int Total)> ReadPageAsync(
        TenantId tenant, int page, int pageSize, CancellationToken cancellation)
    {
        var (found, total) = await tables.Tenants.ReadPageAsync(
            tenant, Counter, SenderRowKeys.Sender, SenderRow.Read, page, pageSize, cancellation);
        return ([.. found], total);
    }

    /// <summary>
    /// Reads senders by number, with one concurrent call for each run of near numbers. Numbers without a sender are left
    /// out.
    /// </summary>
    public async Task<IReadOnlyDictionary<int, Sender>> FindAllAsync(
        TenantId tenant, IEnumerable<int> numbers, CancellationToken cancellation)
    {
        var keys = numbers.Distinct().Select(SenderRowKeys.Sender);
        var rows = await tables.Tenants.FindAllAsync(tenant.PartitionKey, keys, cancellation);
        return rows.Select(row => SenderRow.Read(row, tenant)).ToDictionary(sender => sender.Key.Number);
    }

    internal async Task<Sender?> FindAsync(SenderKey key, CancellationToken cancellation) =>
        await tables.Tenants.FindAsync(
            key.Tenant.PartitionKey, SenderRowKeys.Sender(key.Number), cancellation) is { } row
            ? SenderRow.Read(row, key.Tenant)
            : null;

    private async Task<Sender?> FindByAsync(TenantId tenant, string lookupKey, CancellationToken cancellation) =>
        await tables.Tenants.FindAsync(tenant.PartitionKey, lookupKey, cancellation) is { } finder
            ? await FindAsync(new SenderKey(tenant, finder.GetInt32("Sender")!.Value), cancellation)
            : null;
}
