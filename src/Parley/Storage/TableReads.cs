using Azure.Data.Tables;
using Parley.Core;

namespace Parley.Storage;

/// <summary>Reads by key.</summary>
internal static class TableReads
{
    /// <summary>Maximum number of parallel reads.</summary>
    public const int Width = 16;

    /// <summary>Reads one row in one call; null if it does not exist.</summary>
    public static async Task<TableEntity?> FindAsync(
        this TableClient table, string partitionKey, string rowKey, CancellationToken cancellation)
    {
        var found = await table.GetEntityIfExistsAsync<TableEntity>(
            partitionKey, rowKey, cancellationToken: cancellation);
        return found.HasValue ? found.Value : null;
    }

    /// <summary>Reads the rows of a page, highest number first, in one call; no call for an empty page.</summary>
    public static async Task<IReadOnlyList<TableEntity>> ReadPageAsync(
        this TableClient table,
        string partitionKey,
        Func<int, string> rowKey,
        NumberPage page,
        CancellationToken cancellation)
    {
        if (page.Count == 0)
        {
            return [];
        }

        var filter = Filters.Range(partitionKey, rowKey(page.First), rowKey(page.Last));
        var rows = await table.QueryAsync<TableEntity>(filter, page.Count, cancellationToken: cancellation)
            .ToListAsync(cancellation);
        rows.Reverse();
        return rows;
    }

    /// <summary>
    /// Reads the existing rows of one partition with these keys, in no order. One call reads up to
    /// <see cref="Filters.MaxRowKeys"/> of them; the calls run in parallel.
    /// </summary>
    public static async Task<IEnumerable<TableEntity>> FindAllAsync(
        this TableClient table, string partitionKey, IEnumerable<string> rowKeys, CancellationToken cancellation)
    {
        var found = await Workers.RunAsync(
            [.. rowKeys.Chunk(Filters.MaxRowKeys)],
            Width,
            chunk => table.FindChunkAsync(partitionKey, chunk, cancellation));
        return found.SelectMany(rows => rows);
    }

    private static async Task<List<TableEntity>> FindChunkAsync(
        this TableClient table, string partitionKey, string[] rowKeys, CancellationToken cancellation)
    {
        if (rowKeys is [var only])
        {
            return await table.FindAsync(partitionKey, only, cancellation) is { } row ? [row] : [];
        }

        var filter = Filters.Rows(partitionKey, rowKeys);
        return await table.QueryAsync<TableEntity>(filter, cancellationToken: cancellation).ToListAsync(cancellation);
    }
}
