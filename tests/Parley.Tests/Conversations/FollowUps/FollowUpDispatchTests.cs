using Parley.Conversations.FollowUps;
using Parley.Core;
using Parley.Files;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations.FollowUps;

/// <summary>Enqueueing of due follow-ups by the timer.</summary>
public sealed class FollowUpDispatchTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly VirtualTime time = new(Noon);
    private readonly RecordingQueue queue = new();
    private readonly ParleyProcess process;

    public FollowUpDispatchTests() => process = new ParleyProcess(new StrictTables(time).Connect(), time, seed: 1, queue);

    [Fact]
    public async Task Follow_ups_of_each_future_second_have_one_message_delayed_until_then()
    {
        await WriteAsync(tenant: 1, (Noon.AddSeconds(20), 3), (Noon.AddSeconds(21), 2), (Noon.AddSeconds(119), 1));

        Assert.Equal(6, await DispatchAsync());

        Assert.Equal([20, 21, 119], queue.Sent.Select(sent => sent.Delay.TotalSeconds));
    }

    [Fact]
    public async Task Follow_ups_due_in_two_minutes_wait_for_the_next_tick()
    {
        await WriteAsync(tenant: 1, (Noon.AddMinutes(2), 1));

        Assert.Equal(0, await DispatchAsync());
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, await DispatchAsync());
    }

    [Fact]
    public async Task Overdue_follow_ups_of_a_minute_share_messages_of_a_hundred()
    {
        await WriteAsync(tenant: 1, (Noon.AddHours(-30).AddSeconds(10), 130), (Noon.AddHours(-30).AddSeconds(20), 90), (Noon.AddMinutes(-1), 5));

        Assert.Equal(225, await DispatchAsync());

        Assert.Equal(4, queue.Sent.Count);
        Assert.All(queue.Sent, sent => Assert.Equal(TimeSpan.Zero, sent.Delay));
        Assert.Equal([100, 100, 20, 5], await CountAsync());
    }

    [Fact]
    public async Task Messages_alternate_between_tenants()
    {
        await WriteAsync(tenant: 1, (Noon, 300));
        await WriteAsync(tenant: 2, (Noon, 20));
        await WriteAsync(tenant: 3, (Noon, 120));

        await DispatchAsync();

        Assert.Equal([1, 2, 3, 1, 3, 1], queue.Sent.Select(sent => FollowUpRowKeys.ReadScheduledFollowUp(sent.Chunk.First).Conversation.Tenant.Number));
    }

    [Fact]
    public async Task Enqueued_follow_ups_are_not_enqueued_again_for_five_minutes()
    {
        await WriteAsync(tenant: 1, (Noon.AddSeconds(30), 2));
        await DispatchAsync();

        time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(0, await DispatchAsync());

        time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(2, await DispatchAsync());
    }

    [Fact]
    public async Task A_row_written_among_enqueued_ones_has_its_own_message()
    {
        await WriteAsync(tenant: 1, (Noon, 2));
        await DispatchAsync();
        await WriteAsync(tenant: 1, first: 3, (Noon, 1));

        Assert.Equal(1, await DispatchAsync());

        Assert.Equal([2, 1], await CountAsync());
    }

    [Fact]
    public async Task Follow_ups_that_the_queue_refused_are_enqueued_by_the_next_tick()
    {
        await WriteAsync(tenant: 1, (Noon, 2));
        queue.Refuses = true;
        Assert.Equal(0, await DispatchAsync());

        queue.Refuses = false;
        Assert.Equal(2, await DispatchAsync());
    }

    [Fact]
    public async Task Marking_a_row_keeps_the_time_when_it_was_written()
    {
        await WriteAsync(tenant: 1, (Noon, 1));
        await DispatchAsync();
        time.Advance(TimeSpan.FromMinutes(6));
        await DispatchAsync();
        time.Advance(TimeSpan.FromMinutes(6));

        // The follow-up was never stored. If the time of the mark counted as the row's age, the row would never become
        // stale.
        await process.FollowUpSender.SendAsync(queue.Sent[0].Chunk, CancellationToken.None);

        Assert.Empty(await RowsAsync(queue.Sent[0].Chunk));
    }

    [Fact]
    public async Task Other_kinds_of_schedule_rows_are_ignored()
    {
        await WriteAsync(tenant: 1, (Noon, 1));
        await process.Schedule.WriteAsync(new ScheduledItem(Appends.Tenant, Noon, IdempotencyRowKeys.ScheduledIdempotencyKeys(Appends.Tenant, 1)), CancellationToken.None);
        await process.Schedule.WriteAsync(new ScheduledItem(Appends.Tenant, Noon, FileRowKeys.ScheduledFile(new ConversationKey(Appends.Tenant, 1), Guid.Empty)), CancellationToken.None);

        Assert.Equal(1, await DispatchAsync());
    }

    private Task<int> DispatchAsync() => process.FollowUpDispatch.DispatchAsync(CancellationToken.None);

    private async Task<List<int>> CountAsync()
    {
        var counts = new List<int>();
        foreach (var (chunk, _) in queue.Sent)
        {
            counts.Add((await RowsAsync(chunk)).Count);
        }

        return counts;
    }

    private async Task<List<ScheduledRow>> RowsAsync(FollowUpChunk chunk) =>
        await process.Schedule.ReadRangeAsync(chunk.Partition, chunk.First, chunk.Last, CancellationToken.None).ToListAsync();

    private Task WriteAsync(int tenant, params ReadOnlySpan<(DateTimeOffset DueAt, int Count)> rows) => WriteAsync(tenant, 1, rows);

    private Task WriteAsync(int tenant, int first, params ReadOnlySpan<(DateTimeOffset DueAt, int Count)> rows)
    {
        var number = first;
        var indexed = new List<IndexedFollowUp>();
        foreach (var (dueAt, count) in rows)
        {
            for (var i = 0; i < count; i++)
            {
                indexed.Add(new IndexedFollowUp(new ConversationKey(new TenantId(tenant), number++), 1, 1, FollowUpStatus.Pending, 0, dueAt));
            }
        }

        return WriteAllAsync(indexed);
    }

    private async Task WriteAllAsync(List<IndexedFollowUp> rows)
    {
        await process.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        foreach (var row in rows)
        {
            await process.Schedule.WriteAsync(row.Scheduled, CancellationToken.None);
        }
    }
}
