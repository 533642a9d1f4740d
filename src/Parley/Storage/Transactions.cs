using System.Text.Json;
using Azure;
using Azure.Data.Tables;

namespace Parley.Storage;

/// <summary>Sends entity group transactions.</summary>
internal static class Transactions
{
    /// <summary>"Performing entity group transactions", Table service REST reference.</summary>
    public const int MaxOperations = 100;

    /// <summary>Sends one.</summary>
    /// <returns>The answer of each operation, in their order, with the row's new ETag.</returns>
    /// <exception cref="IOException">The answer is not whole, so that the outcome is unknown: the client reports that in several ways.</exception>
    public static async Task<IReadOnlyList<Response>> SubmitAsync(
        this TableClient table, IReadOnlyCollection<TableTransactionAction> actions, CancellationToken cancellation)
    {
        try
        {
            var responses = (await table.SubmitTransactionAsync(actions, cancellation)).Value;
            return responses.Count == actions.Count
                ? responses
                : throw new IOException($"The answer to a transaction of {actions.Count} operations has {responses.Count} parts.");
        }
        catch (Exception e) when (e is InvalidOperationException or JsonException)
        {
            throw new IOException("The answer to a transaction could not be read.", e);
        }
    }

    /// <summary>Writes rows, new or in the place of those that are there, as many a call as fit.</summary>
    public static async Task UpsertAllAsync(this TableClient table, IEnumerable<TableEntity> rows, CancellationToken cancellation)
    {
        foreach (var chunk in Chunks(rows))
        {
            await table.SubmitAsync([.. chunk.Select(row => new TableTransactionAction(TableTransactionActionType.UpsertReplace, row))], cancellation);
        }
    }

    /// <summary>Deletes rows whatever they hold, as many a call as fit. That one of them is gone already is no error.</summary>
    public static async Task DeleteAllAsync(this TableClient table, IEnumerable<TableEntity> rows, CancellationToken cancellation)
    {
        foreach (var chunk in Chunks(rows))
        {
            await table.DeleteChunkAsync(chunk, cancellation);
        }
    }

    /// <summary>As a transaction takes them: of one partition, no more than it may have.</summary>
    private static IEnumerable<TableEntity[]> Chunks(IEnumerable<TableEntity> rows) =>
        rows.GroupBy(row => row.PartitionKey).SelectMany(partition => partition.Chunk(MaxOperations));

    private static async Task DeleteChunkAsync(this TableClient table, TableEntity[] rows, CancellationToken cancellation)
    {
        try
        {
            await table.SubmitAsync([.. rows.Select(row => new TableTransactionAction(TableTransactionActionType.Delete, row, ETag.All))], cancellation);
        }
        catch (RequestFailedException e) when (e.IsNotFound())
        {
            // One of them is gone, so none went: halves, until it is alone.
            if (rows.Length > 1)
            {
                await table.DeleteChunkAsync(rows[..(rows.Length / 2)], cancellation);
                await table.DeleteChunkAsync(rows[(rows.Length / 2)..], cancellation);
            }
        }
    }
}
