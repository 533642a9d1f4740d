using Azure.Data.Tables;
using Parley.Storage;

namespace Parley.Operations.Restore;

/// <summary>Rows of one partition that fit into one transaction.</summary>
internal readonly record struct Batch(TableClient Table, IReadOnlyCollection<TableEntity> Rows);

/// <summary>Sends batches as transactions, several at once and in any order.</summary>
internal sealed class BatchWriter(Progress progress)
{
    /// <summary>
    /// Transactions at once. One table takes 20,000 entities a second, one partition 2,000 ("Scalability and
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
                await batch.Table.SubmitAsync([.. batch.Rows.Select(row => new TableTransactionAction(action, row))], token);
                progress.Add(batch.Rows.Count);
            });
}
