using Azure;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;
using Parley.Storage.ChangeLog;

namespace Parley.Senders;

/// <summary>Creates and edits senders, each with one transaction in the tenant's partition.</summary>
public sealed class SenderWriter(
    ParleyTables tables,
    SenderReader reader,
    OptimisticUpdate edits,
    TenantCounters counters,
    ObjectLog log,
    TimeProvider time,
    RandomSource random)
{
    /// <param name="draft">Returns the sender to store, given one with a key and no data.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.SenderExists"/>, <see cref="ErrorCode.Busy"/>, <see cref="ErrorCode.StorageUnavailable"/>
    /// (it is not known whether the sender was stored).
    /// </exception>
    public Task<Sender> CreateAsync(TenantId tenant, Func<Sender, Sender> draft, CancellationToken cancellation) =>
        counters.CreateAsync(
            tenant,
            async (sender, writeId, token) =>
                await reader.FindAsync(sender.Key, token) is { } stored && stored.WriteId == writeId ? stored : null,
            async (counter, writeId, isRetry, token) =>
            {
                var sender = draft(NewSender(tenant, counter, writeId));
                if (isRetry)
                {
                    await ThrowIfExistsAsync(sender, token);
                }

                return new NumberedInsert<Sender>(
                    sender,
                    InsertionOf(sender),
                    new TableEntity(tenant.PartitionKey, TenantRowKeys.Counter)
                    {
                        [SenderReader.Counter] = sender.Key.Number,
                    });
            },
            cancellation);

    /// <param name="change">Returns the edited sender, given the stored one.</param>
    /// <param name="expected">
    /// Returns true for a revision that the client expects; null when the client accepts every revision.
    /// </param>
    /// <exception cref="ParleyException">
    /// As for creation, and <see cref="ErrorCode.SenderNotFound"/>, <see cref="ErrorCode.StaleRevision"/>.
    /// </exception>
    public Task<Sender> ChangeAsync(
        EntityRef<SenderKey> id,
        Func<Sender, Sender> change,
        Func<int, bool>? expected,
        CancellationToken cancellation)
    {
        var at = time.NowInMilliseconds();
        return edits.WriteAsync(
            tables.Tenants,
            $"{id.Key.Tenant.PartitionKey}|{SenderRowKeys.Sender(id.Key.Number)}",
            token => reader.GetAsync(id, token),
            sender => new RowVersion(sender.Revision, sender.EditId, sender.ETag),
            async (sender, editId, token) =>
            {
                Revisions.Require(expected, sender.Revision, "sender");
                var changed = change(sender);
                if (changed == sender)
                {
                    return new Edit<Sender>(sender, []);
                }

                changed = changed with { Revision = sender.Revision + 1, EditId = editId, UpdatedAt = at };
                await ThrowIfExistsAsync(
                    changed with
                    {
                        Identifier = changed.Identifier == sender.Identifier ? null : changed.Identifier,
                        ExternalId = changed.ExternalId == sender.ExternalId ? null : changed.ExternalId,
                    },
                    token);
                return new Edit<Sender>(
                    changed, [.. ChangeOf(sender, changed), Entry(changed, ChangeType.SenderUpdated)]);
            },
            cancellation);
    }

    /// <summary>Creates an empty sender with the next number.</summary>
    /// <param name="counter">The tenant's counters as read; null before the first.</param>
    /// <param name="writeId">The id of the write that creates the sender.</param>
    internal Sender NewSender(TenantId tenant, TableEntity? counter, string writeId)
    {
        var at = time.NowInMilliseconds();
        return new Sender
        {
            Key = new SenderKey(tenant, checked((counter?.GetInt32(SenderReader.Counter) ?? 0) + 1)),
            Check = random.NextBits(EntityId.CheckBits),
            Revision = 1,
            Entity = SenderEntity.ExternalUser,
            CreatedAt = at,
            UpdatedAt = at,
            WriteId = writeId,
        };
    }

    /// <summary>
    /// The operations that insert a sender. The transaction fails when another sender has the identifier or the
    /// external id.
    /// </summary>
    internal IReadOnlyList<TableTransactionAction> InsertionOf(Sender sender) =>
        [.. SenderRow.Insertion(sender), Entry(sender, ChangeType.SenderCreated)];

    private TableTransactionAction Entry(Sender sender, ChangeType type) =>
        log.Entry(sender.Key.Tenant, sender.Key.Number, type, sender.Id, sender.Revision);

    private static List<TableTransactionAction> ChangeOf(Sender before, Sender after)
    {
        var (old, current) = (SenderRow.LookupKeys(before).ToList(), SenderRow.LookupKeys(after).ToList());
        var partition = after.Key.Tenant.PartitionKey;
        return
        [
            // Replace, not merge: a cleared property must disappear. First in the transaction, so that storage reports
            // a lost race before any other failure.
            new(TableTransactionActionType.UpdateReplace, SenderRow.Create(after), before.ETag),
            .. old.Except(current).Select(
                key => new TableTransactionAction(
                    TableTransactionActionType.Delete, new TableEntity(partition, key), ETag.All)),
            .. current.Except(old).Select(
                key => new TableTransactionAction(TableTransactionActionType.Add, SenderRow.LookupRow(after, key))),
        ];
    }

    /// <summary>
    /// Gives the client the reason. The transaction fails as well when another sender has the identifier or the
    /// external id, but without the reason.
    /// </summary>
    private async Task ThrowIfExistsAsync(Sender sender, CancellationToken cancellation)
    {
        var tenant = sender.Key.Tenant;
        if (sender.Identifier is { } identifier
            && await reader.FindByIdentifierAsync(tenant, identifier, cancellation) is { } same
            && IsAnother(same))
        {
            throw ErrorCode.SenderExists.With($"Sender {same.Id} has this identifier.");
        }

        if (sender.ExternalId is { } externalId
            && await reader.FindByExternalIdAsync(tenant, externalId, cancellation) is { } other
            && IsAnother(other))
        {
            throw ErrorCode.SenderExists.With($"Sender {other.Id} has this externalId.");
        }

        bool IsAnother(Sender found) => found.WriteId != sender.WriteId;
    }
}
