using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Files;
using Parley.Storage;

namespace Parley.Cleanup;

/// <summary>
/// Deletes expired idempotency keys and blobs without a message, at the times that the schedule rows contain.
/// </summary>
public sealed partial class CleanupJob(
    ParleyTables tables, Schedule schedule, FileStore files, TimeProvider time, ILogger<CleanupJob> logger)
{
    /// <summary>
    /// Added to the time of a schedule row: the instance that wrote the row may have had a slow clock.
    /// </summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(15);

    /// <summary>The number of rows that are processed concurrently.</summary>
    private const int Width = 16;

    /// <summary>Processes all due schedule rows. The run may be interrupted at any point and repeated.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await ProcessAsync(IdempotencyRowKeys.ScheduledKeys, row => DropKeysAsync(row, cancellation), cancellation);
        await ProcessAsync(FileRowKeys.ScheduledFiles, row => DropFileAsync(row, cancellation), cancellation);
    }

    private async Task ProcessAsync(string kind, Func<ScheduledRow, Task> work, CancellationToken cancellation)
    {
        var rows = schedule.ReadDueAsync(kind, time.GetUtcNow() - Grace, cancellation);
        await foreach (var chunk in rows.Chunk(Filters.MaxPerCall).WithCancellation(cancellation))
        {
            await Workers.RunAsync(chunk, Width, row => WorkAsync(row, work, cancellation));
        }
    }

    private async Task WorkAsync(ScheduledRow row, Func<ScheduledRow, Task> work, CancellationToken cancellation)
    {
        try
        {
            await work(row);
            await schedule.DropAsync(row, cancellation);
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, cancellation))
        {
            // One row's failure must not stop the others; the next tick processes the row again.
            LogLeft(logger, PrivateException.Of(e), row.PartitionKey, row.RowKey);
        }
    }

    /// <summary>
    /// Deletes the expired idempotency keys of one partition. Newer keys have schedule rows for their own hours.
    /// </summary>
    private async Task DropKeysAsync(ScheduledRow row, CancellationToken cancellation)
    {
        var (tenant, conversation) = IdempotencyRowKeys.ReadScheduledIdempotencyKeys(row.RowKey);
        var (table, partition) = conversation == 0
            ? (tables.Tenants, tenant.PartitionKey)
            : (tables.Conversations, new ConversationKey(tenant, conversation).PartitionKey);
        var oldest = time.GetUtcNow() - IdempotencyKey.KeptFor;
        var start = IdempotencyRowKeys.IdempotencyKey("");
        var old = table.QueryAsync<TableEntity>(
                Filters.Between(partition, start, KeyParts.EndOf(start)), cancellationToken: cancellation)
            .Where(key => key.Timestamp < oldest);
        await foreach (var chunk in old.Chunk(Transactions.MaxOperations).WithCancellation(cancellation))
        {
            await table.DeleteAllAsync(chunk, cancellation);
        }
    }

    private async Task DropFileAsync(ScheduledRow row, CancellationToken cancellation)
    {
        var (conversation, file) = FileRowKeys.ReadScheduledFile(row.RowKey);
        if (!await FileRows.IsHeldAsync(tables, conversation, file, cancellation))
        {
            await files.DeleteAsync(conversation, file, cancellation);
        }
    }

    [LoggerMessage(
        1201,
        LogLevel.Warning,
        "The data of {Partition} / {Row} of the schedule could not be removed; the next tick tries again.")]
    private static partial void LogLeft(ILogger logger, Exception exception, string partition, string row);
}
