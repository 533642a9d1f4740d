using Azure;
using Azure.Data.Tables;

namespace Parley.Storage;

/// <summary>Index rows that match nothing.</summary>
internal static class IndexRows
{
    /// <summary>
    /// Index rows come before what they find, so one that finds nothing may be on time. Its writer sends the entity within
    /// <see cref="WriteBudget.MaxAge"/> + <see cref="WriteBudget.SendTimeout"/> of it; ten minutes leave room for clocks that differ by five.
    /// </summary>
    public static readonly TimeSpan StaleAfter = TimeSpan.FromMinutes(10);

    /// <summary>Drops one that matches nothing, if it was written so long ago that nothing can be on its way.</summary>
    /// <param name="table">The table.</param>
    /// <param name="partitionKey">The row's partition.</param>
    /// <param name="rowKey">The row's key.</param>
    /// <param name="etag">The row's ETag: one that was just written again stays.</param>
    /// <param name="writtenAt">When it was written, by storage's clock.</param>
    /// <param name="now">Now.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task DropIfStaleAsync(
        this TableClient table, string partitionKey, string rowKey, ETag etag, DateTimeOffset writtenAt, DateTimeOffset now, CancellationToken cancellation)
    {
        if (writtenAt < now - StaleAfter)
        {
            await table.DropAsync(partitionKey, rowKey, etag, cancellation);
        }
    }

    /// <summary>Drops one, unless it has just been written again: then its entity is on its way.</summary>
    public static async Task DropAsync(this TableClient table, string partitionKey, string rowKey, ETag etag, CancellationToken cancellation)
    {
        try
        {
            await table.DeleteEntityAsync(partitionKey, rowKey, etag, cancellation);
        }
        catch (RequestFailedException e) when (e.IsPreconditionFailed())
        {
            // Whoever finds it next decides anew.
        }
    }
}
