using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>
/// Puts what is due into the queue: the timer everything up to a minute ahead, so that an outage catches up; whoever
/// makes something due within two minutes that one, since the timer may have looked already. A row may be queued twice;
/// it is sent once.
/// </summary>
public sealed partial class FollowUpDispatch(
    ParleyTables tables,
    IFollowUpQueue queue,
    TimeProvider time,
    ILogger<FollowUpDispatch> logger)
{
    /// <summary>How far the timer looks ahead: it comes every minute.</summary>
    private static readonly TimeSpan EnqueueAhead = TimeSpan.FromMinutes(1);

    /// <summary>What is due within this may be in a minute that the timer has looked at.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromMinutes(2);

    /// <summary>
    /// How long the timer leaves a row to the message that it sent. Longer than a message that fails takes to be tried
    /// five times.
    /// </summary>
    private static readonly TimeSpan LeftToQueue = TimeSpan.FromMinutes(5);

    /// <summary>Chunks that are held at once: of so many the tenants take slots.</summary>
    private const int Window = 200;

    /// <summary>Chunks that are sent at once.</summary>
    private const int Width = 8;

    /// <summary>
    /// After a write: a pending follow-up that is due soon. It is stored by then, so neither a failure nor a client
    /// that leaves matters to it: the timer finds it, at most a minute late.
    /// </summary>
    internal async Task SendIfSoonAsync(FollowUp followUp)
    {
        var delay = followUp.DueAt - time.GetUtcNow();
        if (followUp.Status != FollowUpStatus.Pending || delay > Soon)
        {
            return;
        }

        var row = IndexedFollowUp.Of(followUp).ScheduleRow;
        try
        {
            await queue.SendAsync(new FollowUpChunk(row.PartitionKey, row.RowKey, row.RowKey), delay, CancellationToken.None);
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            LogLeftToTimer(logger, e, followUp.Id);
        }
    }

    /// <summary>The timer's: queues all that is due by a minute from now and not queued already.</summary>
    /// <returns>How many rows were queued.</returns>
    public async Task<int> DispatchAsync(CancellationToken cancellation)
    {
        var queued = 0;
        await foreach (var window in ChunksAsync(cancellation).Chunk(Window).WithCancellation(cancellation))
        {
            var interleaved = window.GroupBy(chunk => chunk[0].Conversation.Tenant).SelectMany(tenant => tenant.Index()).OrderBy(entry => entry.Index).Select(entry => entry.Item);
            queued += (await Workers.RunAsync([.. interleaved], Width, chunk => SendAsync(chunk, cancellation))).Sum();
        }

        return queued;
    }

    /// <summary>
    /// Neighbouring rows that one message can ask for: of one tenant and one second, or, when they are overdue, one
    /// minute.
    /// </summary>
    private async IAsyncEnumerable<List<ScheduledFollowUp>> ChunksAsync(
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var filter = Filters.Until(ScheduleRowKeys.SchedulePartition(now + EnqueueAhead), FollowUpRowKeys.ScheduledFollowUps);
        var chunk = new List<ScheduledFollowUp>();
        await foreach (var entity in tables.Schedule.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
        {
            var row = ScheduledFollowUp.Read(entity);
            var isQueued = row.QueuedUntil > now;
            if (chunk.Count > 0 && (isQueued || chunk.Count == FollowUpChunk.MaxRows || !AreTogether(chunk[0], row, now)))
            {
                yield return chunk;
                chunk = [];
            }

            if (!isQueued)
            {
                chunk.Add(row);
            }
        }

        if (chunk.Count > 0)
        {
            yield return chunk;
        }
    }

    private static bool AreTogether(ScheduledFollowUp first, ScheduledFollowUp row, DateTimeOffset now) =>
        first.Partition == row.Partition
        && first.Conversation.Tenant == row.Conversation.Tenant
        && (first.DueAt == row.DueAt || row.DueAt <= now);

    /// <summary>Queues a chunk, then marks its rows: a crash between has them queued again.</summary>
    /// <returns>How many rows were queued.</returns>
    private async Task<int> SendAsync(List<ScheduledFollowUp> chunk, CancellationToken cancellation)
    {
        var (now, message) = (time.GetUtcNow(), new FollowUpChunk(chunk[0].Partition, chunk[0].RowKey, chunk[^1].RowKey));
        var delay = chunk[0].DueAt > now ? chunk[0].DueAt - now : TimeSpan.Zero;
        try
        {
            await queue.SendAsync(message, delay, cancellation);
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, cancellation))
        {
            // The other chunks go on; the next tick tries this one again.
            LogNotQueued(logger, e, message.Partition, message.First, chunk.Count);
            return 0;
        }

        try
        {
            await tables.Schedule.SubmitAsync(
                [.. chunk.Select(row => new TableTransactionAction(TableTransactionActionType.UpdateMerge, row.Queued(now + delay + LeftToQueue), row.ETag))],
                cancellation);
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, cancellation))
        {
            // One of them is sent already, or another timer was here, or storage does not answer.
            LogNotMarked(logger, message.Partition, message.First, e.Message);
        }

        return chunk.Count;
    }

    [LoggerMessage(1102, LogLevel.Warning, "Follow-up {FollowUp} could not be queued; the timer finds it.")]
    private static partial void LogLeftToTimer(ILogger logger, Exception exception, Guid followUp);

    [LoggerMessage(1107, LogLevel.Debug, "Follow-ups due at {Minute}, from {First} on, are queued but not marked as such, so the next tick queues them again: {Why}")]
    private static partial void LogNotMarked(ILogger logger, string minute, string first, string why);

    [LoggerMessage(1103, LogLevel.Error, "{Count} follow-ups due at {Minute}, from {First} on, could not be queued; the next tick tries again.")]
    private static partial void LogNotQueued(
        ILogger logger,
        Exception exception,
        string minute,
        string first,
        int count);
}
