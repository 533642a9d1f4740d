using Azure;
using Azure.Data.Tables;

namespace Parley.Storage;

/// <summary>Deletes index rows without an entity.</summary>
internal static class IndexRows
{
    /// <summary>
    /// An index row is written before its entity, so an index row without an entity may belong to a write in progress.
    /// The writer sends the entity within <see cref="WriteBudget.MaxAge"/> + <see cref="WriteBudget.SendTimeout"/>
    /// after the index row. Ten minutes also cover clocks that differ by five minutes.
    /// </summary>
    public static readonly TimeSpan StaleAfter = TimeSpan.FromMinutes(10);

    /// <summary>Deletes an index row without an entity, if it is too old for a write in progress.</summary>
    /// <param name="table">The table.</param>
    /// <param name="partitionKey">The row's partition.</param>
    /// <param name="rowKey">The row's key.</param>
    /// <param name="etag">The row's ETag. A row that was written again in the meantime is kept.</param>
    /// <param name="writtenAt">The row's time stamp, by the clock of the storage service.</param>
    /// <param name="now">The current time.</param>
    public static async Task DropIfStaleAsync(
        this TableClient table,
        string partitionKey,
        string rowKey,
        ETag etag,
        DateTimeOffset writtenAt,
        DateTimeOffset now,
        CancellationToken cancellation)
    {
        if (writtenAt < now - StaleAfter)
        {
            await table.DropAsync(partitionKey, rowKey, etag, cancellation);
        }
    }

    /// <summary>
    /// Deletes an index row, unless it was written again in the meantime: then a write of its entity is in progress.
    /// </summary>
    public static async Task DropAsync(
        this TableClient table, string partitionKey, string rowKey, ETag etag, CancellationToken cancellation)
    {
        try
        {
            await table.DeleteEntityAsync(partitionKey, rowKey, etag, cancellation);
        }
        catch (RequestFailedException e) when (e.IsPreconditionFailed())
        {
            // The row was written again. The next reader that finds it without an entity calls this again.
        }
    }
}
