using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Parley.Operations.Format;
using Parley.Storage;

namespace Parley.Operations.Restore;

/// <summary>Writes the rows of a file into their table. Every write replaces its row, so it may be repeated.</summary>
internal sealed class RowWriter(Progress progress)
{
    /// <summary>
    /// An entity group transaction has at most 4 MiB ("Performing entity group transactions"); the rest is for
    /// headers.
    /// </summary>
    private const int MaxBytes = 7 << 19;

    /// <summary>Headers and address of an operation within a transaction, generously.</summary>
    private const int OperationBytes = 1024;

    /// <summary>
    /// Transactions at once. One table takes 20,000 entities a second, one partition 2,000 ("Scalability and
    /// performance targets").
    /// </summary>
    internal int Width { get; init; } = 8;

    public Task WriteAsync(TableClient table, string path, CancellationToken cancellation) => Parallel.ForEachAsync(
        BatchesAsync(path, cancellation),
        new ParallelOptions { MaxDegreeOfParallelism = Width, CancellationToken = cancellation },
        async (rows, token) =>
        {
            await table.SubmitAsync([.. rows.Select(row => new TableTransactionAction(TableTransactionActionType.UpsertReplace, row))], token);
            progress.Add(rows.Count);
        });

    /// <summary>
    /// Neighbouring rows of one partition. A line has about the length of the row's part of the request, because both
    /// are JSON with
    /// everything escaped that is not ASCII.
    /// </summary>
    private static async IAsyncEnumerable<List<TableEntity>> BatchesAsync(string path, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var (batch, bytes) = (new List<TableEntity>(), 0);
        await foreach (var line in LineFile.ReadAsync(path, cancellation))
        {
            var row = RowLine.Read(line);
            var more = line.Length + OperationBytes;
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
