using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Operations.Backup;

/// <summary>
/// Reads the table Tenants, one tenant after another, without rows numbered above the tenant's counter. The order
/// matters while the app writes: idempotency keys come first, so that no key refers to a number above the counter, then
/// the counter, then all other rows.
/// </summary>
internal static class TenantRows
{
    private const string FirstKey = "k|";

    public static async IAsyncEnumerable<TableEntity> ReadAsync(
        ParleyTables tables, [EnumeratorCancellation] CancellationToken cancellation, int? pageRows = null)
    {
        var table = tables.Tenants;
        const string Administration = TenantRowKeys.AdministrationPartition;
        var administration = await table.FindAsync(Administration, TenantRowKeys.Counter, cancellation);
        var lastTenant = administration?.GetInt32("LastTenant") ?? 0;
        var rows = table.QueryAsync<TableEntity>(Partition(Administration), pageRows, cancellationToken: cancellation);
        await foreach (var row in rows)
        {
            if (row.RowKey == TenantRowKeys.Counter)
            {
                yield return administration ?? row;
            }
            else if (!row.RowKey.StartsWith("t|", StringComparison.Ordinal)
                || KeyParts.LastNumber(row.RowKey) <= lastTenant)
            {
                yield return row;
            }
        }

        for (var tenant = 1; tenant <= lastTenant; tenant++)
        {
            await foreach (var row in ReadTenantAsync(table, new TenantId(tenant).PartitionKey, pageRows, cancellation))
            {
                yield return row;
            }
        }
    }

    private static async IAsyncEnumerable<TableEntity> ReadTenantAsync(
        TableClient table, string partition, int? pageRows, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var keys = Filters.Between(partition, FirstKey, KeyParts.EndOf(FirstKey));
        await foreach (var row in table.QueryAsync<TableEntity>(keys, pageRows, cancellationToken: cancellation))
        {
            yield return row;
        }

        var cut = new TenantSnapshot(await table.FindAsync(partition, TenantRowKeys.Counter, cancellation));
        if (cut.Counter is not null)
        {
            yield return cut.Counter;
        }

        var end = KeyParts.EndOf(partition);
        var endKey = KeyParts.EndOf(FirstKey);
        var others = TableClient.CreateQueryFilter(
            $"PartitionKey ge {partition} and PartitionKey lt {end} and (RowKey lt {FirstKey} or RowKey gt {endKey})");
        await foreach (var row in table.QueryAsync<TableEntity>(others, pageRows, cancellationToken: cancellation))
        {
            if (!(row.RowKey == TenantRowKeys.Counter && row.PartitionKey == partition) && cut.Includes(row))
            {
                yield return row;
            }
        }
    }

    private static string Partition(string key) => TableClient.CreateQueryFilter($"PartitionKey eq {key}");
}
