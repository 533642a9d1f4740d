using Azure.Data.Tables;
using Parley.Operations.Format;
using Parley.Storage;

namespace Parley.Operations.Restore;

/// <summary>
/// Writes the index rows that the restored rows must have. A merge keeps properties that only the existing row has,
/// such as marks in rows of Due, so the step may be repeated.
/// </summary>
internal sealed class IndexRowWriter(BatchWriter writer)
{
    /// <summary>
    /// Rows that are grouped by partition before they are sent: enough to share transactions, few enough for memory.
    /// </summary>
    private const int GroupedRows = 5000;

    public async Task WriteAsync(
        string path, Func<TableEntity, IEnumerable<IndexRow>> derive, CancellationToken cancellation)
    {
        var derived = LineFile.ReadAsync(path, line => derive(RowLine.Read(line)).ToList(), cancellation);
        await foreach (var group in derived.SelectMany(rows => rows).Chunk(GroupedRows).WithCancellation(cancellation))
        {
            await writer.WriteAsync(Batches(group).ToAsyncEnumerable(), TableTransactionActionType.UpsertMerge, cancellation);
        }
    }

    /// <summary>
    /// Two senders of a back-up have the same identifier if it passed from one to the other while the back-up read
    /// them. The last one in the file was read last, so it had the identifier last, and the finder must name it. The
    /// finder in the back-up may name a third one, whose row was read before it took the identifier.
    /// </summary>
    private static IEnumerable<Batch> Batches(IndexRow[] group) => group
        .GroupBy(index => (index.Table.Name, index.Row.PartitionKey, index.Row.RowKey), (_, same) => same.Last())
        .GroupBy(index => (index.Table, index.Row.PartitionKey))
        .SelectMany(partition => partition
            .Chunk(Transactions.MaxOperations)
            .Select(rows => new Batch(partition.Key.Table, [.. rows.Select(index => index.Row)])));
}
