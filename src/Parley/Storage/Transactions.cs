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
}
