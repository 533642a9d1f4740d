using System.Globalization;
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
    /// The most that a number may be above the one before it in one call: up to two rows in between are read for
    /// nothing, which is cheaper than another call.
    /// </summary>
    private const int MaxStep = 3;

    /// <summary>
    /// Reads the existing rows of one partition with these keys, in no order. Keys with numbers close to each other are
    /// one call, every other key is one; the calls run in parallel.
    /// </summary>
    /// <remarks>
    /// A filter that names several row keys would be one call, but the service reads the whole partition for it
    /// ("Design for querying", Table service guide).
    /// </remarks>
    public static async Task<IEnumerable<TableEntity>> FindAllAsync(
        this TableClient table, string partitionKey, IEnumerable<string> rowKeys, CancellationToken cancellation)
    {
        var found = await Workers.RunAsync(
            Runs(rowKeys), Width, run => table.FindRunAsync(partitionKey, run, cancellation));
        return found.SelectMany(rows => rows);
    }

    private static async Task<IEnumerable<TableEntity>> FindRunAsync(
        this TableClient table, string partitionKey, List<string> run, CancellationToken cancellation)
    {
        if (run is [var only])
        {
            return await table.FindAsync(partitionKey, only, cancellation) is { } row ? [row] : [];
        }

        var rows = await table.QueryAsync<TableEntity>(
            Filters.Range(partitionKey, run[0], run[^1]), cancellationToken: cancellation).ToListAsync(cancellation);
        var wanted = run.ToHashSet(StringComparer.Ordinal);
        return rows.Where(row => wanted.Contains(row.RowKey));
    }

    /// <summary>Groups keys that differ only in their last numbers, when these are close to each other.</summary>
    private static List<List<string>> Runs(IEnumerable<string> rowKeys)
    {
        var runs = new List<List<string>>();
        foreach (var key in rowKeys.Distinct().Order(StringComparer.Ordinal))
        {
            if (runs.Count > 0 && IsNear(runs[^1][^1], key))
            {
                runs[^1].Add(key);
            }
            else
            {
                runs.Add([key]);
            }
        }

        return runs;
    }

    private static bool IsNear(string key, string next)
    {
        var start = key.LastIndexOf('|') + 1;
        return start > 0
            && key.Length == next.Length
            && key.AsSpan(0, start).SequenceEqual(next.AsSpan(0, start))
            && int.TryParse(key.AsSpan(start), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && int.TryParse(next.AsSpan(start), NumberStyles.None, CultureInfo.InvariantCulture, out var following)
            && following - number <= MaxStep;
    }
}
