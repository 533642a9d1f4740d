using Azure;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Tenants;

/// <summary>
/// Lists the keys of versions that had no lists: a job that goes through the table Keys once, some rows at a time, and
/// writes the missing rows into the partitions of their tenants. Until then such a key is valid, but cannot be revoked.
/// The job may end at any point, and may run twice at once.
/// </summary>
public sealed class ApiKeyListing(ParleyTables tables)
{
    /// <summary>The rows of one run: one call for reading, and up to two calls for a row.</summary>
    public const int RowsInRun = 500;

    private bool isDone;

    /// <summary>
    /// Does a part of the work. Once all is done, a run costs nothing; the first of a process, one call.
    /// </summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        if (isDone)
        {
            return;
        }

        var progress = await tables.Tenants.FindAsync(
            TenantRowKeys.AdministrationPartition, AdministrationRowKeys.KeyListing, cancellation);
        if (progress?.GetBoolean("Done") is true)
        {
            isDone = true;
            return;
        }

        var rows = await ReadAsync(progress?.GetString("After") ?? "", cancellation);
        await Workers.RunAsync(
            [.. rows.Where(row => !ApiKeyRow.MustBeListed(row))],
            TableReads.Width,
            row => ListAsync(ApiKeyRow.Read(row), cancellation));

        // Two processes may overwrite each other's progress; then some rows are read again.
        var after = new TableEntity(TenantRowKeys.AdministrationPartition, AdministrationRowKeys.KeyListing)
        {
            ["Done"] = rows.Count < RowsInRun,
        };
        after.SetIfAny("After", rows is [.., var last] ? last.RowKey : progress?.GetString("After"));
        await tables.Tenants.UpsertEntityAsync(after, TableUpdateMode.Replace, cancellation);
    }

    /// <summary>
    /// The next rows after a hash. The partition is the beginning of the hash, so hashes sort like the table.
    /// </summary>
    private async Task<List<TableEntity>> ReadAsync(string after, CancellationToken cancellation)
    {
        var filter = after.Length == 0
            ? null
            : TableClient.CreateQueryFilter(
                $"PartitionKey ge {AdministrationRowKeys.ApiKeyPartition(after)} and RowKey gt {after}");
        return await tables.Keys.QueryAsync<TableEntity>(filter, RowsInRun, cancellationToken: cancellation)
            .Take(RowsInRun)
            .ToListAsync(cancellation);
    }

    private async Task ListAsync(ApiKey key, CancellationToken cancellation)
    {
        if (await tables.Tenants.FindAsync(
            key.Tenant.PartitionKey, AdministrationRowKeys.Profile, cancellation) is not { } profile
            || TenantRow.ReadState(profile) is TenantState.Deleting or TenantState.Deleted)
        {
            return;
        }

        try
        {
            await tables.Tenants.AddEntityAsync(ApiKeyListRow.Create(key), cancellation);
        }
        catch (RequestFailedException e) when (e.IsAlreadyExists())
        {
            // Listed already; the key may have been revoked since.
        }
    }
}
