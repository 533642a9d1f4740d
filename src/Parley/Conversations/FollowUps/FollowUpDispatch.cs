using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>
/// Enqueues due follow-ups. The timer enqueues everything due up to a minute ahead, so that it catches up after an
/// outage. A write that makes a follow-up due within two minutes enqueues it too, because the timer may already have
/// read that minute. A row may be enqueued twice; its follow-up is sent once.
/// </summary>
public sealed partial class FollowUpDispatch(
    Schedule schedule,
    IWorkQueue<FollowUpChunk> queue,
    TimeProvider time,
    ILogger<FollowUpDispatch> logger)
{
    /// <summary>The timer's look-ahead. It equals the timer's interval of one minute.</summary>
    private static readonly TimeSpan EnqueueAhead = TimeSpan.FromMinutes(1);

    /// <summary>A follow-up due within this time may be in a minute that the timer has already read.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromMinutes(2);

    /// <summary>
    /// The time during which the timer does not enqueue a row again. A failing queue message takes
    /// less time for its five attempts.
    /// </summary>
    private static readonly TimeSpan LeftToQueue = TimeSpan.FromMinutes(5);

    /// <summary>The chunks in memory at once. Within them, chunks of different tenants alternate.</summary>
    private const int Window = 200;

    /// <summary>The concurrent calls that enqueue chunks.</summary>
    private const int Width = 8;

    /// <summary>
    /// Enqueues a pending follow-up that is due soon, after its write. Failures are only logged, and a client that
    /// disconnects does not cancel it: the timer finds a follow-up that was not enqueued, at most a minute late.
    /// </summary>
    internal async Task SendIfSoonAsync(FollowUp followUp)
    {
        if (followUp.Status == FollowUpStatus.Pending)
        {
            await SendIfSoonAsync(IndexedFollowUp.Of(followUp));
        }
    }

    /// <summary>
    /// Enqueues the first pending follow-up of a conversation, if it is due soon, after the end of one that it may have
    /// waited for. If this is lost, the timer enqueues it when the mark on its row has passed.
    /// </summary>
    /// <param name="pending">The pending follow-ups of the conversation.</param>
    internal async Task SendFirstIfSoonAsync(ConversationKey conversation, IEnumerable<PendingFollowUp> pending)
    {
        if (pending.Min(PendingFollowUp.Order) is { DueAt: not null } first)
        {
            await SendIfSoonAsync(IndexedFollowUp.Of(conversation, first));
        }
    }

    private async Task SendIfSoonAsync(IndexedFollowUp followUp)
    {
        var delay = followUp.DueAt!.Value - time.GetUtcNow();
        if (delay > Soon)
        {
            return;
        }

        var row = schedule.RowOf(followUp.Scheduled);
        try
        {
            await queue.SendAsync(
                new FollowUpChunk(row.PartitionKey, row.RowKey, row.RowKey), delay, CancellationToken.None);
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            LogLeftToTimer(logger, PrivateException.Of(e), followUp.Number, followUp.Conversation.PartitionKey);
        }
    }

    /// <summary>Runs on the timer: enqueues all rows due within the next minute that are not enqueued yet.</summary>
    /// <returns>The number of enqueued rows.</returns>
    public async Task<int> DispatchAsync(CancellationToken cancellation)
    {
        var queued = 0;
        await foreach (var window in ChunksAsync(cancellation).Chunk(Window).WithCancellation(cancellation))
        {
            var interleaved = window
                .GroupBy(chunk => chunk[0].Conversation.Tenant)
                .SelectMany(tenant => tenant.Index())
                .OrderBy(entry => entry.Index)
                .Select(entry => entry.Item);
            queued += (await Workers.RunAsync([.. interleaved], Width, chunk => SendAsync(chunk, cancellation))).Sum();
        }

        return queued;
    }

    /// <summary>
    /// Groups neighbouring rows that share a queue message: rows of one tenant and one second, or of one minute when
    /// they are overdue.
    /// </summary>
    private async IAsyncEnumerable<List<ScheduledFollowUp>> ChunksAsync(
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var chunk = new List<ScheduledFollowUp>();
        var due = schedule.ReadDueAsync(FollowUpRowKeys.ScheduledFollowUps, now + EnqueueAhead, cancellation);
        await foreach (var row in due.Select(ScheduledFollowUp.Read).WithCancellation(cancellation))
        {
            var isQueued = row.QueuedUntil > now;
            if (chunk.Count > 0
                && (isQueued || chunk.Count == FollowUpChunk.MaxRows || !CanShareChunk(chunk[0], row, now)))
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

    private static bool CanShareChunk(ScheduledFollowUp first, ScheduledFollowUp row, DateTimeOffset now) =>
        first.Partition == row.Partition
        && first.Conversation.Tenant == row.Conversation.Tenant
        && (first.DueAt == row.DueAt || row.DueAt <= now);

    /// <summary>
    /// Enqueues a chunk, then marks its rows. After a crash between the two, the rows are enqueued again.
    /// </summary>
    /// <returns>The number of enqueued rows.</returns>
    private async Task<int> SendAsync(List<ScheduledFollowUp> chunk, CancellationToken cancellation)
    {
        var (now, message) = (
            time.GetUtcNow(), new FollowUpChunk(chunk[0].Partition, chunk[0].RowKey, chunk[^1].RowKey));
        var delay = chunk[0].DueAt > now ? chunk[0].DueAt - now : TimeSpan.Zero;
        try
        {
            await queue.SendAsync(message, delay, cancellation);
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, cancellation))
        {
            // The other chunks continue. The next run of the timer tries this one again.
            Telemetry.WorkFailed("follow_up.queue");
            LogNotQueued(logger, PrivateException.Of(e), message.Partition, message.First, chunk.Count);
            return 0;
        }

        try
        {
            await schedule.MarkAllAsync(
                [.. chunk.Select(row => (row.Row, row.Queued(now + delay + LeftToQueue)))], cancellation);
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, cancellation))
        {
            // A row was sent already, or a concurrent run of the timer marked it, or storage does not respond.
            LogNotMarked(logger, message.Partition, message.First, PrivateException.Describe(e));
        }

        return chunk.Count;
    }

    [LoggerMessage(
        1102,
        LogLevel.Warning,
        "Follow-up {FollowUp} of {Conversation} could not be queued; the timer finds it.")]
    private static partial void LogLeftToTimer(
        ILogger logger, Exception exception, int followUp, string conversation);

    [LoggerMessage(
        1107,
        LogLevel.Debug,
        "Follow-ups due at {Minute}, from {First} on, are queued but not marked as such, "
        + "so the next tick queues them again: {Why}")]
    private static partial void LogNotMarked(ILogger logger, string minute, string first, string why);

    [LoggerMessage(
        1103,
        LogLevel.Error,
        "{Count} follow-ups due at {Minute}, from {First} on, could not be queued; the next tick tries again.")]
    private static partial void LogNotQueued(
        ILogger logger,
        Exception exception,
        string minute,
        string first,
        int count);
}
