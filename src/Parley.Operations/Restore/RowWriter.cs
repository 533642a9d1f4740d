using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Parley.Operations.Format;
using Parley.Storage;

namespace Parley.Operations.Restore;

/// <summary>Writes the rows of a file into their table. Every write replaces its row, so it may be repeated.</summary>
internal sealed class RowWriter(BatchWriter writer)
{
    /// <summary>
    /// An entity group transaction has at most 4 MiB ("Performing entity group transactions"); the rest is for
    /// headers.
    /// </summary>
    private const int MaxBytes = 7 << 19;

    /// <summary>Headers and address of an operation within a transaction, generously.</summary>
    private const int OperationBytes = 1024;

    public Task WriteAsync(TableClient table, string path, CancellationToken cancellation) => writer.WriteAsync(
        BatchesAsync(path, cancellation).Select(rows => new Batch(table, rows)),
        TableTransactionActionType.UpsertReplace,
        cancellation);

    /// <summary>
    /// Neighbouring rows of one partition. A line has about the length of the row's part of the request, because both
    /// are JSON with everything escaped that is not ASCII.
    /// </summary>
    private static async IAsyncEnumerable<List<TableEntity>> BatchesAsync(string path, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var (batch, bytes) = (new List<TableEntity>(), 0);
        var lines = LineFile.ReadAsync(path, line => (line.Length, Row: RowLine.Read(line)), cancellation);
        await foreach (var (length, row) in lines)
        {
            var more = length + OperationBytes;
            if (batch.Count > 0 && (batch[0].PartitionKey != row.PartitionKey || batch.Count == Transactions.MaxOperations || bytes + more > MaxBytes))
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
