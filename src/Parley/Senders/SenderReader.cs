using Parley.Core;
using Parley.Storage;

namespace Parley.Senders;

/// <summary>Reads senders.</summary>
public sealed class SenderReader(ParleyTables tables, Cursors cursors)
{
    /// <summary>The counter of a tenant's senders.</summary>
    internal const string Counter = "LastSender";

    /// <summary>One sender: one point read.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.SenderNotFound"/>: also for a wrong check and another tenant's id.</exception>
    public async Task<Sender> GetAsync(EntityRef<SenderKey> id, CancellationToken cancellation) => await FindAsync(id, cancellation) ?? throw NotFound();

    /// <summary>What is answered for every id that names no sender of the caller's tenant.</summary>
    public static ParleyException NotFound() => ErrorCode.SenderNotFound.With("There is no such sender.");

    /// <summary>One sender, or null.</summary>
    public async Task<Sender?> FindAsync(EntityRef<SenderKey> id, CancellationToken cancellation) =>
        await FindAsync(id.Key, cancellation) is { } sender && id.Matches(sender.Check) ? sender : null;

    /// <summary>The sender that a request's body names.</summary>
    /// <param name="tenant">The caller's.</param>
    /// <param name="id">As the client sent it; null when it names none.</param>
    /// <param name="field">The body's member, for the error.</param>
    /// <param name="cancellation">Ends the read.</param>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidFields"/> when there is none.</exception>
    public async Task<Sender?> GetReferencedAsync(TenantId tenant, string? id, string field, CancellationToken cancellation) => id is null
        ? null
        : (EntityRef.TryParse<SenderKey>(id, tenant, out var reference) ? await FindAsync(reference, cancellation) : null)
            ?? throw ParleyException.Field(field, "No such sender.");

    /// <summary>The sender that has an identifier, or null: two point reads.</summary>
    public Task<Sender?> FindByIdentifierAsync(TenantId tenant, string identifier, CancellationToken cancellation) =>
        FindByAsync(tenant, SenderRowKeys.SenderIdentifier(Digest.Of(identifier)), cancellation);

    /// <summary>The sender that has an external id, or null: two point reads.</summary>
    public Task<Sender?> FindByExternalIdAsync(TenantId tenant, string externalId, CancellationToken cancellation) =>
        FindByAsync(tenant, SenderRowKeys.SenderExternalId(Digest.Of(externalId)), cancellation);

    /// <summary>A page of all senders. Numbers are dense, so a page is one range of keys: two calls for each.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidCursor"/>.</exception>
    public Task<ListPage<Sender>> ListAsync(
        TenantId tenant, string? cursor, int pageSize, CancellationToken cancellation) =>
        cursors.ReadPageAsync(
            tables.Tenants, tenant, "senders", Counter, SenderRowKeys.Sender, SenderRow.Read, cursor, pageSize, cancellation);

    /// <summary>Senders by number, those that exist: one call for every fourteen.</summary>
    public async Task<IReadOnlyDictionary<int, Sender>> FindAllAsync(TenantId tenant, IEnumerable<int> numbers, CancellationToken cancellation)
    {
        var rows = await tables.Tenants.FindAllAsync(tenant.PartitionKey, numbers.Distinct().Select(SenderRowKeys.Sender), cancellation);
        return rows.Select(row => SenderRow.Read(row, tenant)).ToDictionary(sender => sender.Key.Number);
    }

    internal async Task<Sender?> FindAsync(SenderKey key, CancellationToken cancellation) =>
        await tables.Tenants.FindAsync(key.Tenant.PartitionKey, SenderRowKeys.Sender(key.Number), cancellation) is { } row ? SenderRow.Read(row, key.Tenant) : null;

    private async Task<Sender?> FindByAsync(TenantId tenant, string finderKey, CancellationToken cancellation) =>
        await tables.Tenants.FindAsync(tenant.PartitionKey, finderKey, cancellation) is { } finder
            ? await FindAsync(new SenderKey(tenant, finder.GetInt32("Sender")!.Value), cancellation)
            : null;
}
