using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Parley.Core;
using Parley.Storage;

namespace Parley.Cleanup;

/// <summary>
/// A part of storage with data of tenants, in one order: the rows of a table that one filter finds, or the blobs of a
/// container.
/// </summary>
/// <param name="Name">Distinguishes the part from all others; stored with the progress.</param>
/// <param name="Store">The store whose counts it belongs to.</param>
/// <param name="ReadAsync">
/// Reads pages of a tenant's positions, in ascending ordinal order, from a position on or from somewhat before it. With
/// the token of an earlier page, from the same position, it begins after that page.
/// </param>
/// <param name="EraseAsync">Erases what is at the positions. A missing row or blob is no error.</param>
internal sealed record ErasedStore(
    string Name,
    ErasedStoreName Store,
    Func<TenantId, string, string?, CancellationToken, IAsyncEnumerable<ErasedPage>> ReadAsync,
    Func<IReadOnlyList<string>, CancellationToken, Task> EraseAsync)
{
    /// <summary>The most rows of a page ("Query timeout and pagination", Table service REST reference).</summary>
    internal const int PageRows = Filters.MaxPerCall;

    /// <summary>The most blobs of a page ("List Blobs", Blob service REST reference).</summary>
    private const int PageBlobs = 5_000;

    /// <summary>
    /// Separates partition key and row key in a position. Keys contain no control characters, so positions sort as keys
    /// do.
    /// </summary>
    private const char Separator = '\n';

    /// <summary>A table's rows that a filter finds.</summary>
    /// <param name="filter">Returns the filter of a tenant.</param>
    /// <param name="pageRows">The most rows of a page.</param>
    public static ErasedStore Rows(
        string name, ErasedStoreName store, TableClient table, Func<TenantId, string> filter, int pageRows)
    {
        return new ErasedStore(name, store, Read, EraseAsync);

        IAsyncEnumerable<ErasedPage> Read(
            TenantId tenant, string from, string? token, CancellationToken cancellation)
        {
            var partition = from.Split(Separator)[0];
            var start = TableClient.CreateQueryFilter($"PartitionKey ge {partition}");
            return table.QueryAsync<TableEntity>(
                    Filters.And(start, filter(tenant)),
                    pageRows,
                    [nameof(TableEntity.PartitionKey), nameof(TableEntity.RowKey)],
                    cancellation)
                .AsPages(token)
                .Select(page => new ErasedPage(
                    [.. page.Values.Select(row => row.PartitionKey + Separator + row.RowKey)], page.ContinuationToken));
        }

        Task EraseAsync(IReadOnlyList<string> positions, CancellationToken cancellation)
        {
            var partitions = positions
                .Select(position => position.Split(Separator))
                .GroupBy(keys => keys[0], keys => new TableEntity(keys[0], keys[1]))
                .ToList();
            return Workers.RunAsync(partitions, TableReads.Width, rows => table.DeleteAllAsync(rows, cancellation));
        }
    }

    /// <summary>A container's blobs, whose names begin with the tenant's number.</summary>
    public static ErasedStore Blobs(ErasedStoreName store, BlobContainerClient container)
    {
        return new ErasedStore(container.Name, store, Read, EraseAsync);

        // Erased blobs are no longer listed, so each page is the first one.
        IAsyncEnumerable<ErasedPage> Read(
            TenantId tenant, string from, string? token, CancellationToken cancellation) =>
            container.GetBlobsAsync(BlobTraits.None, BlobStates.None, tenant.PartitionKey + "/", cancellation)
                .AsPages(token, PageBlobs)
                .Select(page => new ErasedPage([.. page.Values.Select(blob => blob.Name)], page.ContinuationToken));

        Task EraseAsync(IReadOnlyList<string> names, CancellationToken cancellation) => Workers.RunAsync(
            names,
            TableReads.Width,
            async Task (string name) => await container.GetBlobClient(name)
                .DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, cancellationToken: cancellation));
    }
}

/// <summary>A page of what belongs to a tenant.</summary>
/// <param name="Positions">
/// May be empty although later pages have some: storage answers when it has examined rows for some seconds.
/// </param>
/// <param name="Token">Continues after this page; null or empty after the last one.</param>
internal sealed record ErasedPage(IReadOnlyList<string> Positions, string? Token);
