using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Parley.Operations.Format;
using Parley.Storage;

namespace Parley.Operations.Restore;

/// <summary>Writes the rows of a file into their table. Each write replaces the row, so it may be repeated.</summary>
internal sealed class RowWriter(BatchWriter writer)
{
    /// <summary>
    /// Maximum size of a batch, 3.5 MiB. An entity group transaction has at most 4 MiB ("Performing entity group
    /// transactions"); the rest is left for headers.
    /// </summary>
    private const int MaxBytes = 7 << 19;

    /// <summary>A high estimate of the headers and the URL of one operation within a transaction.</summary>
    private const int OperationBytes = 1024;

    public Task WriteAsync(TableClient table, string path, CancellationToken cancellation) => writer.WriteAsync(
        BatchesAsync(path, cancellation).Select(rows => new Batch(table, rows)),
        TableTransactionActionType.UpsertReplace,
        cancellation);

    /// <summary>
    /// Groups neighbouring rows of one partition. The length of a line approximates the size of the row in the request,
    /// because both are JSON in which all characters outside ASCII are escaped.
    /// </summary>
    private static async IAsyncEnumerable<List<TableEntity>> BatchesAsync(
        string path, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var (batch, bytes) = (new List<TableEntity>(), 0);
        var lines = LineFile.ReadAsync(path, line => (line.Length, Row: RowLine.Read(line)), cancellation);
        await foreach (var (length, row) in lines)
        {
            var more = length + OperationBytes;
            var isFull = batch.Count == Transactions.MaxOperations || bytes + more > MaxBytes;
            if (batch.Count > 0 && (isFull || batch[0].PartitionKey != row.PartitionKey))
            {
                yield return batch;
                (batch, bytes) = ([], 0);
            }

            batch.Add(row);
            bytes += more;
        }

        if (batch.Count > 0)
        {
            yield return batch;
        }
    }
}
