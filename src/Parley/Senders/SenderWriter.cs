using Azure;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Senders;

/// <summary>Creates and edits senders: one transaction each, in the tenant's partition.</summary>
public sealed class SenderWriter(
    ParleyTables tables, SenderReader reader, OptimisticUpdate edits, TenantCounters counters, TimeProvider time, RandomSource random)
{
    /// <summary>Creates one.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="draft">Makes the sender from one that has nothing but its key.</param>
    /// <param name="cancellation">Ends the creation.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.SenderExists"/>, <see cref="ErrorCode.Busy"/>, <see cref="ErrorCode.StorageUnavailable"/> (not known whether it was stored).
    /// </exception>
    public Task<Sender> CreateAsync(TenantId tenant, Func<Sender, Sender> draft, CancellationToken cancellation) => counters.MakeAsync(
        tenant,
        async (sender, writeId, token) => await reader.FindAsync(sender.Key, token) is { } there && there.WriteId == writeId ? there : null,
        async (counted, writeId, again, token) =>
        {
            var sender = draft(NewSender(tenant, counted, writeId));
            if (again)
            {
                // The transaction itself fails when a key is taken; this tells the client why.
                await ThrowIfTakenAsync(sender, token);
            }

            return new NumberedInsert<Sender>(
                sender, [.. SenderRow.Insertion(sender)], new TableEntity(tenant.PartitionKey, TenantRowKeys.Counter) { ["LastSender"] = sender.Key.Number });
        },
        cancellation);

    /// <summary>Edits one.</summary>
    /// <param name="id">Which.</param>
    /// <param name="change">Makes the sender what it is to be.</param>
    /// <param name="expected">Whether a revision is one that the client expects; null when it expects none.</param>
    /// <param name="cancellation">Ends the edit.</param>
    /// <exception cref="ParleyException">As for creation, and <see cref="ErrorCode.SenderNotFound"/>, <see cref="ErrorCode.StaleRevision"/>.</exception>
    public Task<Sender> ChangeAsync(EntityRef<SenderKey> id, Func<Sender, Sender> change, Func<int, bool>? expected, CancellationToken cancellation)
    {
        var at = time.NowInMilliseconds();
        return edits.WriteAsync(
            tables.Tenants,
            id.Key.Tenant.PartitionKey,
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
                await ThrowIfTakenAsync(
                    changed with
                    {
                        Identifier = changed.Identifier == sender.Identifier ? null : changed.Identifier,
                        ExternalId = changed.ExternalId == sender.ExternalId ? null : changed.ExternalId,
                    },
                    token);
                return new Edit<Sender>(changed, ChangeOf(sender, changed));
            },
            cancellation);
    }

    /// <summary>A sender with the next number and nothing else.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="counter">The tenant's counters as read, null before the first.</param>
    /// <param name="writeId">Names the write that makes it.</param>
    internal Sender NewSender(TenantId tenant, TableEntity? counter, string writeId)
    {
        var at = time.NowInMilliseconds();
        return new Sender
        {
            Key = new SenderKey(tenant, checked((counter?.GetInt32("LastSender") ?? 0) + 1)),
            Check = random.NextBits(EntityId.CheckBits),
            Revision = 1,
            Entity = SenderEntity.ExternalUser,
            CreatedAt = at,
            UpdatedAt = at,
            WriteId = writeId,
        };
    }

    private static List<TableTransactionAction> ChangeOf(Sender before, Sender after)
    {
        var (old, current) = (SenderRow.FinderKeys(before).ToList(), SenderRow.FinderKeys(after).ToList());
        var partition = after.Key.Tenant.PartitionKey;
        return
        [
            // Replace, not merge: what is cleared has no property any more. First, so that a lost race is the failure that is reported.
            new(TableTransactionActionType.UpdateReplace, SenderRow.Create(after), before.ETag),
            .. old.Except(current).Select(key => new TableTransactionAction(TableTransactionActionType.Delete, new TableEntity(partition, key), ETag.All)),
            .. current.Except(old).Select(key => new TableTransactionAction(TableTransactionActionType.Add, SenderRow.Finder(after, key))),
        ];
    }

    /// <summary>The transaction itself fails when a key is taken; this tells the client why.</summary>
    private async Task ThrowIfTakenAsync(Sender sender, CancellationToken cancellation)
    {
        var tenant = sender.Key.Tenant;
        if (sender.Identifier is { } identifier && await reader.FindByIdentifierAsync(tenant, identifier, cancellation) is { } same && IsAnother(same))
        {
            throw ErrorCode.SenderExists.With($"Sender {same.Id} has this identifier.");
        }

        if (sender.ExternalId is { } externalId && await reader.FindByExternalIdAsync(tenant, externalId, cancellation) is { } other && IsAnother(other))
        {
            throw ErrorCode.SenderExists.With($"Sender {other.Id} has this externalId.");
        }

        bool IsAnother(Sender found) => found.WriteId != sender.WriteId;
    }
}
