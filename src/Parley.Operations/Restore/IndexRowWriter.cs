using Azure.Data.Tables;
using Parley.Operations.Format;
using Parley.Storage;

namespace Parley.Operations.Restore;

/// <summary>
/// Writes the index rows that the restored rows must have. Rows are merged, which keeps properties that only the
/// existing row has, such as marks in schedule rows. So the step may be repeated.
/// </summary>
internal sealed class IndexRowWriter(BatchWriter writer)
{
    /// <summary>
    /// Number of rows that are grouped by partition before they are sent: enough to fill transactions, few enough to
    /// keep in memory.
    /// </summary>
    private const int GroupedRows = 5000;

    public async Task WriteAsync(
        string path, Func<TableEntity, IEnumerable<IndexRow>> derive, CancellationToken cancellation)
    {
        var derived = LineFile.ReadAsync(path, line => derive(RowLine.Read(line)).ToList(), cancellation);
        await foreach (var group in derived.SelectMany(rows => rows).Chunk(GroupedRows).WithCancellation(cancellation))
        {
            var batches = Batches(group).ToAsyncEnumerable();
            await writer.WriteAsync(batches, TableTransactionActionType.UpsertMerge, cancellation);
        }
    }

    /// <summary>
    /// Two senders in a back-up have the same identifier if it moved from one to the other while the back-up read
    /// them. The last sender in the file was read last and had the identifier last, so the index row must point to it.
    /// The index row in the back-up may point to a third sender, whose row was read before it got the identifier.
    /// </summary>
    private static IEnumerable<Batch> Batches(IndexRow[] group) => group
        .GroupBy(index => (index.Table.Name, index.Row.PartitionKey, index.Row.RowKey), (_, same) => same.Last())
        .GroupBy(index => (index.Table, index.Row.PartitionKey))
        .SelectMany(partition => partition
            .Chunk(Transactions.MaxOperations)
            .Select(rows => new Batch(partition.Key.Table, [.. rows.Select(index => index.Row)])));
}
