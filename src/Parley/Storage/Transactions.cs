using System.Text.Json;
using Azure;
using Azure.Data.Tables;

namespace Parley.Storage;

/// <summary>Sends entity group transactions.</summary>
internal static class Transactions
{
    /// <summary>Source: "Performing entity group transactions", Table service REST reference.</summary>
    public const int MaxOperations = 100;

    /// <summary>The most bytes of a request; the same source.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    /// <returns>The response of each operation, in the order of the operations, with the row's new ETag.</returns>
    /// <exception cref="IOException">
    /// The response is incomplete, so the outcome is unknown. The client library reports that in several ways.
    /// </exception>
    public static async Task<IReadOnlyList<Response>> SubmitAsync(
        this TableClient table,
        IReadOnlyCollection<TableTransactionAction> actions,
        CancellationToken cancellation)
    {
        try
        {
            var responses = (await table.SubmitTransactionAsync(actions, cancellation)).Value;
            return responses.Count == actions.Count
                ? responses
                : throw new IOException(
                    $"The answer to a transaction of {actions.Count} operations has {responses.Count} parts.");
        }
        catch (Exception e) when (e is InvalidOperationException or JsonException)
        {
            throw new IOException("The answer to a transaction could not be read.", e);
        }
    }

    /// <summary>Inserts or replaces rows, as many in a call as one transaction can contain.</summary>
    public static async Task UpsertAllAsync(
        this TableClient table, IEnumerable<TableEntity> rows, CancellationToken cancellation)
    {
        foreach (var chunk in Chunks(rows))
        {
            var upserts = chunk.Select(
                row => new TableTransactionAction(TableTransactionActionType.UpsertReplace, row));
            await table.SubmitAsync([.. upserts], cancellation);
        }
    }

    /// <summary>
    /// Deletes rows with any ETag, as many in a call as one transaction can contain. A missing row is no error.
    /// </summary>
    public static async Task DeleteAllAsync(
        this TableClient table, IEnumerable<TableEntity> rows, CancellationToken cancellation)
    {
        foreach (var chunk in Chunks(rows))
        {
            await table.DeleteChunkAsync(chunk, cancellation);
        }
    }

    /// <summary>Groups rows for transactions: one partition and at most <see cref="MaxOperations"/> each.</summary>
    private static IEnumerable<TableEntity[]> Chunks(IEnumerable<TableEntity> rows) =>
        rows.GroupBy(row => row.PartitionKey).SelectMany(partition => partition.Chunk(MaxOperations));

    private static async Task DeleteChunkAsync(
        this TableClient table, TableEntity[] rows, CancellationToken cancellation)
    {
        var deletes = rows.Select(row => new TableTransactionAction(TableTransactionActionType.Delete, row, ETag.All));
        try
        {
            await table.SubmitAsync([.. deletes], cancellation);
        }
        catch (RequestFailedException e) when (e.IsNotFound())
        {
            // One row is missing, so the transaction deleted none. Retry with halves, until the missing row is alone.
            if (rows.Length > 1)
            {
                await table.DeleteChunkAsync(rows[..(rows.Length / 2)], cancellation);
                await table.DeleteChunkAsync(rows[(rows.Length / 2)..], cancellation);
            }
        }
    }
}
