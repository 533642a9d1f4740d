using Azure.Data.Tables;
using Parley.Storage;

namespace Parley.Operations.Restore;

/// <summary>Rows of one partition that fit into one transaction.</summary>
internal readonly record struct Batch(TableClient Table, IReadOnlyCollection<TableEntity> Rows);

/// <summary>Sends batches as transactions, several in parallel and in no particular order.</summary>
internal sealed class BatchWriter(Progress progress)
{
    /// <summary>
    /// Number of parallel transactions. A table accepts 20,000 entities a second, a partition 2,000 ("Scalability and
    /// performance targets").
    /// </summary>
    private const int Width = 8;

    public Task WriteAsync(
        IAsyncEnumerable<Batch> batches, TableTransactionActionType action, CancellationToken cancellation) =>
        Parallel.ForEachAsync(
            batches,
            new ParallelOptions { MaxDegreeOfParallelism = Width, CancellationToken = cancellation },
            async (batch, token) =>
            {
                var actions = batch.Rows.Select(row => new TableTransactionAction(action, row));
                await batch.Table.SubmitAsync([.. actions], token);
                progress.Add(batch.Rows.Count);
            });
}
