using Azure.Data.Tables;
using Parley.Core;

namespace Parley.Storage;

/// <summary>Reads by key.</summary>
internal static class TableReads
{
    /// <summary>Reads that run at once.</summary>
    public const int Width = 16;

    /// <summary>One row, or null: one call.</summary>
    public static async Task<TableEntity?> FindAsync(this TableClient table, string partitionKey, string rowKey, CancellationToken cancellation) =>
        await table.GetEntityIfExistsAsync<TableEntity>(partitionKey, rowKey, cancellationToken: cancellation) is { HasValue: true } found ? found.Value : null;

    /// <summary>The rows of a page of dense numbers, highest first: one call, none for an empty page.</summary>
    public static async Task<IReadOnlyList<TableEntity>> ReadPageAsync(
        this TableClient table, string partitionKey, Func<int, string> rowKey, NumberPage page, CancellationToken cancellation)
    {
        if (page.Count == 0)
        {
            return [];
        }

        var filter = Filters.Range(partitionKey, rowKey(page.First), rowKey(page.Last));
        var rows = await table.QueryAsync<TableEntity>(filter, page.Count, cancellationToken: cancellation).ToListAsync(cancellation);
        rows.Reverse();
        return rows;
    }

    /// <summary>The rows of one partition with these keys, those that exist, in no order: one call for every fourteen, side by side.</summary>
    public static async Task<IEnumerable<TableEntity>> FindAllAsync(
        this TableClient table, string partitionKey, IEnumerable<string> rowKeys, CancellationToken cancellation)
    {
        var found = await Workers.RunAsync([.. rowKeys.Chunk(Filters.MaxRowKeys)], Width, async Task<List<TableEntity>> (chunk) => chunk is [var only]
            ? await table.FindAsync(partitionKey, only, cancellation) is { } row ? [row] : []
            : await table.QueryAsync<TableEntity>(Filters.Rows(partitionKey, chunk), cancellationToken: cancellation).ToListAsync(cancellation));
        return found.SelectMany(rows => rows);
    }
}
