using Azure;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Tenants;

/// <summary>
/// Lists the keys of versions that had no lists: a job that goes through the table Keys, some rows at a time, and
/// writes the missing rows into the partitions of their tenants. Until then such a key is valid, but cannot be revoked.
/// The job may end at any point, and may run twice at once.
/// </summary>
/// <remarks>
/// It goes through the table twice, the second time <see cref="SecondRoundAfter"/> later: meanwhile an instance of an
/// earlier version may have made a key.
/// </remarks>
public sealed class ApiKeyListing(ParleyTables tables, TimeProvider time)
{
    /// <summary>The rows of one run: one call for reading, and up to two calls for a row.</summary>
    public const int RowsInRun = 500;

    /// <summary>Longer than an instance of an earlier version runs during an update.</summary>
    public static readonly TimeSpan SecondRoundAfter = TimeSpan.FromHours(1);

    private const int Rounds = 2;

    /// <summary>Does a part of the work. Once all is done, a run costs one call.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var progress = await tables.Tenants.FindAsync(
            TenantRowKeys.AdministrationPartition, AdministrationRowKeys.KeyListing, cancellation);
        var roundsDone = progress?.GetInt32("RoundsDone") ?? 0;
        if (roundsDone == Rounds || time.GetUtcNow() < progress?.GetDateTimeOffset("DueAt"))
        {
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
            ["RoundsDone"] = roundsDone,
        };
        if (rows.Count == RowsInRun)
        {
            after["After"] = rows[^1].RowKey;
        }
        else
        {
            after["RoundsDone"] = roundsDone + 1;
            after["DueAt"] = time.GetUtcNow() + SecondRoundAfter;
        }

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

    /// <summary>
    /// Lists a key, unless it is listed already or its tenant is being deleted: two calls. The job does so for all;
    /// others for a key that they must find by its number now.
    /// </summary>
    internal async Task ListAsync(ApiKey key, CancellationToken cancellation)
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
