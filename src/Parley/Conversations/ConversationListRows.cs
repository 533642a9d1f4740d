using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>Reads a list by activity from all its partitions.</summary>
internal static class ConversationListRows
{
    /// <summary>
    /// Rows that the first page of a partition has at least beyond its share. Conversations are spread evenly, but not
    /// exactly: with half the share besides, fewer than one page in ten needs a second call.
    /// </summary>
    private const int Spare = 3;

    private static readonly Comparer<TableEntity> ByKey =
        Comparer<TableEntity>.Create((one, other) => string.CompareOrdinal(one.RowKey, other.RowKey));

    /// <summary>
    /// Returns the rows in the order of their keys. Beside an instance of a version before 0.3.0, two partitions can
    /// have a row of the same key; it is returned once.
    /// </summary>
    /// <param name="filterOf">Returns the filter of a partition.</param>
    /// <param name="count">The number of rows that the caller probably needs.</param>
    public static async IAsyncEnumerable<TableEntity> ReadAsync(
        ParleyTables tables,
        TenantId tenant,
        Func<string, string> filterOf,
        int count,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var share = count / ConversationRowKeys.ActivityPartitionCount;
        var firstPage = share + share / 2 + Spare;
        var partitions = ConversationRowKeys.ActivityPartitions(tenant)
            .Select(partition => ReadAsync(tables.Tenants, filterOf(partition), firstPage, count, cancellation));
        string? last = null;
        await foreach (var row in SortedMerge.MergeAsync([.. partitions], ByKey, cancellation))
        {
            if (row.RowKey != last)
            {
                yield return row;
            }

            last = row.RowKey;
        }
    }

    /// <summary>
    /// Reads a small page and then larger ones: a tenant's own partition has most rows of a tenant that is older than
    /// the other partitions.
    /// </summary>
    private static async IAsyncEnumerable<TableEntity> ReadAsync(
        TableClient table,
        string filter,
        int firstPage,
        int furtherPages,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var query = table.QueryAsync<TableEntity>(filter, cancellationToken: cancellation);
        string? token = null;
        do
        {
            var page = await query.AsPages(token, token is null ? firstPage : furtherPages).FirstAsync(cancellation);
            foreach (var row in page.Values)
            {
                yield return row;
            }

            token = page.ContinuationToken;
        }
        while (!string.IsNullOrEmpty(token));
    }
}
