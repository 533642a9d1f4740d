using Azure.Data.Tables;
using Parley.Operations.Format;
using Parley.Storage;

namespace Parley.Operations.Restore;

/// <summary>
/// Inserts the index rows that the restored rows must have, unless they are there. A merge adds nothing to a row that
/// exists, so marks in
/// rows of Due stay, and it may be repeated.
/// </summary>
internal sealed class IndexRowWriter(Progress progress)
{
    /// <summary>
    /// Rows that are grouped by partition before they are sent: enough to share transactions, few enough for memory.
    /// </summary>
    private const int GroupedRows = 5000;

    private const int Width = 8;

    public async Task WriteAsync(string path, Func<TableEntity, IEnumerable<IndexRow>> derive, CancellationToken cancellation)
    {
        var derived = LineFile.ReadAsync(path, cancellation).SelectMany(line => derive(RowLine.Read(line)));
        await foreach (var group in derived.Chunk(GroupedRows).WithCancellation(cancellation))
        {
            var batches = group
                .DistinctBy(index => (index.Table.Name, index.Row.PartitionKey, index.Row.RowKey))
                .GroupBy(index => (index.Table, index.Row.PartitionKey))
                .SelectMany(partition => partition.Chunk(Transactions.MaxOperations).Select(rows => (partition.Key.Table, Rows: rows)))
                .ToList();
            await Workers.RunAsync(batches, Width, async batch =>
            {
                await batch.Table.SubmitAsync(
                    [.. batch.Rows.Select(index => new TableTransactionAction(TableTransactionActionType.UpsertMerge, index.Row))], cancellation);
                progress.Add(batch.Rows.Length);
            });
        }
    }
}
