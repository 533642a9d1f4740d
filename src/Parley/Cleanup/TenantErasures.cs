using Azure;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;
using Parley.Tenants;
using Parley.Tenants.Audit;

namespace Parley.Cleanup;

/// <summary>
/// Deletions of tenants: begins them and reads their receipts. <see cref="TenantErasureJob"/> carries them out.
/// </summary>
public sealed class TenantErasures(ParleyTables tables, ErasedStores stores, TimeProvider time, WriteBudget budget)
{
    /// <summary>
    /// The time between a tenant's end and the first erasure, and between two passes. It is longer than the longest
    /// function (30 minutes: host.json) and the longest time for which a process caches that the tenant is active
    /// (<see cref="CredentialCache.CacheTime"/>). So whatever could still write has ended before the next pass begins.
    /// </summary>
    public static readonly TimeSpan Settle = TimeSpan.FromMinutes(40);

    /// <summary>The most pages of each store that <see cref="CountAsync"/> reads.</summary>
    internal const int MaxCountedPages = 10;

    /// <summary>The filter of all deletions, those that are complete too.</summary>
    private static string AllRows => Filters.Between(
        TenantRowKeys.AdministrationPartition,
        TenantErasureRowKeys.Erasures,
        KeyParts.EndOf(TenantErasureRowKeys.Erasures));

    /// <summary>Reads a tenant's deletion: one call; null when there is none.</summary>
    public async Task<TenantErasure?> FindAsync(TenantId tenant, CancellationToken cancellation) =>
        (await FindProgressAsync(tenant, cancellation))?.Erasure;

    /// <summary>
    /// Begins a tenant's deletion. From now on its keys are refused, within <see cref="CredentialCache.CacheTime"/>
    /// everywhere; its data are erased later. A repeated call returns the same deletion.
    /// </summary>
    /// <param name="record">The audit entry, in the partition of the administration: it outlives the tenant.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.TenantNotFound"/>, <see cref="ErrorCode.Busy"/>,
    /// <see cref="ErrorCode.StorageUnavailable"/>: the deletion may have begun; the call may be repeated.
    /// </exception>
    public async Task<TenantErasure> BeginAsync(
        TenantId tenant, AuditRecord record, CancellationToken cancellation)
    {
        await RequireProfileAsync(tenant, cancellation);
        var erasure = await FindAsync(tenant, cancellation) ?? await AddAsync(tenant, record, cancellation);
        await MarkAsync(tenant, cancellation);
        return erasure;
    }

    /// <summary>
    /// Counts what a deletion would erase, and changes nothing. At most <see cref="MaxCountedPages"/> pages of each
    /// store are read.
    /// </summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.TenantNotFound"/>.</exception>
    public async Task<TenantContents> CountAsync(TenantId tenant, CancellationToken cancellation)
    {
        await RequireProfileAsync(tenant, cancellation);
        var counted = await Workers.RunAsync(stores.All, TableReads.Width, async store =>
        {
            var pages = await store.ReadAsync(tenant, "", null, cancellation)
                .Take(MaxCountedPages + 1)
                .Select(page => page.Positions.Count)
                .ToListAsync(cancellation);
            return (store.Store, Count: pages.Take(MaxCountedPages).Sum(), IsAll: pages.Count <= MaxCountedPages);
        });
        return new TenantContents(
            counted.Aggregate(ErasedCounts.None, (counts, one) => counts.Add(one.Store, one.Count)),
            [.. counted.Where(one => !one.IsAll).Select(one => one.Store).Distinct()]);
    }

    /// <summary>Reads the deletions that are not complete.</summary>
    internal IAsyncEnumerable<TenantErasureProgress> ReadOpenAsync(CancellationToken cancellation)
    {
        var open = TableClient.CreateQueryFilter($"State eq {(int)TenantState.Deleting}");
        return tables.Tenants.QueryAsync<TableEntity>(Filters.And(AllRows, open), cancellationToken: cancellation)
            .Select(TenantErasureRow.Read);
    }

    /// <summary>Stores progress, unless another process has stored some since it was read.</summary>
    /// <returns>The progress with its new ETag; null when another process was first.</returns>
    internal async Task<TenantErasureProgress?> SaveAsync(
        TenantErasureProgress progress, CancellationToken cancellation)
    {
        try
        {
            var response = await tables.Tenants.UpdateEntityAsync(
                TenantErasureRow.Create(progress), progress.ETag, TableUpdateMode.Replace, cancellation);
            return progress with { ETag = response.Headers.ETag!.Value };
        }
        catch (RequestFailedException e) when (e.IsPreconditionFailed())
        {
            return null;
        }
    }

    /// <summary>Sets the state Deleting in the profile, unless it is set.</summary>
    /// <returns>True when it was set already.</returns>
    internal async Task<bool> MarkAsync(TenantId tenant, CancellationToken cancellation)
    {
        var running = budget.Start();
        for (var isFirst = true; ; isFirst = false)
        {
            await running.WaitAsync(cancellation);
            var profile = await FindProfileAsync(tenant, cancellation);
            if (profile is null || TenantRow.ReadState(profile) is TenantState.Deleting or TenantState.Deleted)
            {
                return isFirst;
            }

            var row = new TableEntity(profile.PartitionKey, profile.RowKey)
            {
                ["State"] = (int)TenantState.Deleting,
                ["StateAt"] = time.NowInMilliseconds(),
            };
            try
            {
                await running.SendAsync(
                    token => tables.Tenants.UpdateEntityAsync(row, profile.ETag, TableUpdateMode.Merge, token),
                    cancellation);
                return false;
            }
            catch (Exception e) when (StorageErrors.IsLostRaceOrUnknown(e, cancellation))
            {
                // The profile is read again: another change was first, or this one was stored.
            }
        }
    }

    /// <summary>
    /// Replaces the profile by what stays of a deleted tenant: all but its secrets. An older version that reads it
    /// finds a tenant that signs nothing.
    /// </summary>
    internal async Task CloseAsync(TenantId tenant, CancellationToken cancellation)
    {
        if (await FindProfileAsync(tenant, cancellation) is not { } profile
            || TenantRow.ReadState(profile) == TenantState.Deleted)
        {
            return;
        }

        profile.Remove(WebhookSecrets.Current);
        profile.Remove(WebhookSecrets.Earlier);
        profile["State"] = (int)TenantState.Deleted;
        profile["StateAt"] = time.NowInMilliseconds();
        await tables.Tenants.UpdateEntityAsync(profile, profile.ETag, TableUpdateMode.Replace, cancellation);
    }

    /// <summary>
    /// Begins all deletions again, in a restored account. A back-up is not of one moment: it may contain rows that were
    /// erased while it was made, and then call their tenant deleted.
    /// </summary>
    /// <returns>The number of deletions.</returns>
    internal async Task<int> BeginAgainAsync(CancellationToken cancellation)
    {
        await AddMissingAsync(cancellation);
        var count = 0;
        await foreach (var row in tables.Tenants.QueryAsync<TableEntity>(AllRows, cancellationToken: cancellation))
        {
            var progress = TenantErasureRow.Read(row);
            var erasure = progress.Erasure with
            {
                State = TenantState.Deleting,
                ErasesAt = time.NowInMilliseconds(),
                FinishedAt = null,
            };
            await SaveAsync(
                progress.At("") with { Erasure = erasure, FoundInPass = 0 },
                cancellation);
            count++;
        }

        return count;
    }

    /// <summary>
    /// Adds the rows of deletions that a back-up lacks: it has the partition of the administration as it was before it
    /// came to those of the tenants. It then lacks their audit entries too.
    /// </summary>
    private async Task AddMissingAsync(CancellationToken cancellation)
    {
        var ended = TableClient.CreateQueryFilter(
            $"RowKey eq {AdministrationRowKeys.Profile} and State ge {(int)TenantState.Deleting}");
        var now = time.NowInMilliseconds();
        await foreach (var profile in tables.Tenants.QueryAsync<TableEntity>(ended, cancellationToken: cancellation))
        {
            var tenant = new TenantId(KeyParts.Number(profile.PartitionKey));
            if (await FindProgressAsync(tenant, cancellation) is null)
            {
                var requestedAt = profile.GetDateTimeOffset("StateAt") ?? now;
                await tables.Tenants.UpsertEntityAsync(
                    FirstRow(new TenantErasure(
                        tenant, TenantState.Deleting, requestedAt, now, FinishedAt: null, ErasedCounts.None)),
                    TableUpdateMode.Replace,
                    cancellation);
            }
        }
    }

    private TableEntity FirstRow(TenantErasure erasure) => TenantErasureRow.Create(
        new TenantErasureProgress(
            erasure, Pass: 1, stores.All[0].Name, Counted: "", Erased: "", Scan: "", FoundInPass: 0, ETag: default));

    /// <summary>Adds the row of a deletion and its audit entry, in one transaction.</summary>
    private async Task<TenantErasure> AddAsync(
        TenantId tenant, AuditRecord record, CancellationToken cancellation)
    {
        var now = time.NowInMilliseconds();
        var erasure = new TenantErasure(
            tenant, TenantState.Deleting, now, now + Settle, FinishedAt: null, ErasedCounts.None);
        var row = FirstRow(erasure);
        try
        {
            await tables.Tenants.SubmitAsync(
                [new TableTransactionAction(TableTransactionActionType.Add, row), record.ToAction()], cancellation);
            return erasure;
        }
        catch (RequestFailedException e) when (e.IsAlreadyExists())
        {
            // Another request was first, or the storage client sent this one again after a lost response.
            return await FindAsync(tenant, cancellation)
                ?? throw new InvalidOperationException("The row of a deletion no longer exists.", e);
        }
    }

    private async Task RequireProfileAsync(TenantId tenant, CancellationToken cancellation)
    {
        if (await FindProfileAsync(tenant, cancellation) is null)
        {
            throw TenantReader.NotFound();
        }
    }

    private Task<TableEntity?> FindProfileAsync(TenantId tenant, CancellationToken cancellation) =>
        tables.Tenants.FindAsync(tenant.PartitionKey, AdministrationRowKeys.Profile, cancellation);

    private async Task<TenantErasureProgress?> FindProgressAsync(
        TenantId tenant, CancellationToken cancellation) =>
        await tables.Tenants.FindAsync(
            TenantRowKeys.AdministrationPartition, TenantErasureRowKeys.Erasure(tenant), cancellation) is { } row
            ? TenantErasureRow.Read(row)
            : null;
}
