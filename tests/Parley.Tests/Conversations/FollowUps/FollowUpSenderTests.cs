using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations.FollowUps;

/// <summary>Sending of the follow-ups of one queue message.</summary>
public sealed class FollowUpSenderTests
{
    [Fact]
    public Task A_failed_attempt_is_retried_and_the_fifth_ends_the_follow_up() => RunAsync(async ground =>
    {
        var followUp = await ground.CreateAsync(0);
        var broken = ground.Process(call => IsMessageOf(call, followUp.Conversation) ? Fault.Busy : Fault.None);

        for (var attempt = 1; attempt < FollowUpFailures.MaxAttempts; attempt++)
        {
            await broken.FollowUpSender.SendAsync(ground.ChunkOf(followUp), CancellationToken.None);

            var tried = await ground.FindAsync(followUp);
            Assert.Equal((FollowUpStatus.Pending, attempt), (tried.Status, tried.Attempts));
            var delay = TimeSpan.FromSeconds(5 * Math.Pow(3, attempt - 1));
            Assert.Equal((ground.ChunkOf(followUp), delay), ground.Queue.Sent[^1]);
            await Task.Delay(delay, ground.Model.Run.Time);
        }

        await broken.FollowUpSender.SendAsync(ground.ChunkOf(followUp), CancellationToken.None);

        var failed = await ground.FindAsync(followUp);
        Assert.Equal((FollowUpStatus.Failed, FollowUpReasons.DeliveryFailed), (failed.Status, failed.Reason));
        var last = (await ground.Quiet.FollowUps.EventsAsync(failed, CancellationToken.None).ToListAsync())[^1];
        Assert.Equal((FollowUpStatus.Failed, "parley"), (last.To, last.Actor));
        Assert.Contains("Storage did not answer", last.Detail, StringComparison.Ordinal);
        await ground.AssertNoScheduleRowsAsync();
    });

    [Fact]
    public Task A_follow_up_that_fails_does_not_stop_the_others_of_its_chunk() => RunAsync(async ground =>
    {
        var (failing, fine) = (await ground.CreateAsync(0), await ground.CreateAsync(1));
        var broken = ground.Process(call => IsMessageOf(call, failing.Conversation) ? Fault.Busy : Fault.None);

        await broken.FollowUpSender.SendAsync(ground.ChunkOf(failing, fine), CancellationToken.None);

        Assert.Equal(FollowUpStatus.Pending, (await ground.FindAsync(failing)).Status);
        Assert.Equal(FollowUpStatus.Sent, (await ground.FindAsync(fine)).Status);
    });

    [Fact]
    public Task A_follow_up_that_cannot_be_read_does_not_stop_the_others_of_its_chunk() => RunAsync(async ground =>
    {
        var (failing, fine) = (await ground.CreateAsync(0), await ground.CreateAsync(1));
        var broken = ground.Process(call => call.Kind == TableCallKind.Get && call.PartitionKey == failing.Conversation.PartitionKey ? Fault.Lost : Fault.None);

        // The exception makes the host deliver the chunk again.
        await Assert.ThrowsAsync<IOException>(() => broken.FollowUpSender.SendAsync(ground.ChunkOf(failing, fine), CancellationToken.None));

        Assert.Equal(FollowUpStatus.Pending, (await ground.FindAsync(failing)).Status);
        Assert.Equal(FollowUpStatus.Sent, (await ground.FindAsync(fine)).Status);
    });

    [Fact]
    public Task The_chunk_is_retried_if_a_failed_attempt_cannot_be_counted() => RunAsync(async ground =>
    {
        var followUp = await ground.CreateAsync(0);
        var broken = ground.Process(call => call.IsWrite && call.Table == "Conversations" ? Fault.Busy : Fault.None);

        await Assert.ThrowsAsync<IOException>(() => broken.FollowUpSender.SendAsync(ground.ChunkOf(followUp), CancellationToken.None));
        await ground.Quiet.FollowUpSender.SendAsync(ground.ChunkOf(followUp), CancellationToken.None);

        Assert.Equal((FollowUpStatus.Sent, 0), ((await ground.FindAsync(followUp)).Status, (await ground.FindAsync(followUp)).Attempts));
    });

    [Fact]
    public Task Rows_written_in_between_displace_no_follow_up_of_the_chunk() => RunAsync(async ground =>
    {
        var (first, last) = (await ground.CreateAsync(0), await ground.CreateAsync(1));
        for (var i = 0; i < FollowUpChunk.MaxRows; i++)
        {
            // Rows of deleted follow-ups, with numbers between the two.
            await ground.Quiet.Schedule.WriteAsync(IndexedFollowUp.Of(first with { Number = first.Number + 1 + i }).Scheduled, CancellationToken.None);
        }

        await ground.Quiet.FollowUpSender.SendAsync(ground.ChunkOf(first, last), CancellationToken.None);
        await ground.Quiet.FollowUpSender.SendAsync(ground.Queue.Sent[^1].Chunk, CancellationToken.None);

        Assert.Equal(FollowUpStatus.Sent, (await ground.FindAsync(first)).Status);
        Assert.Equal(FollowUpStatus.Sent, (await ground.FindAsync(last)).Status);
    });

    [Fact]
    public Task Index_rows_that_cannot_be_written_together_are_written_one_by_one() => RunAsync(async ground =>
    {
        var (first, second) = (await ground.CreateAsync(0), await ground.CreateAsync(1));
        var broken = ground.Process(call => call is { Table: "Tenants", Kind: TableCallKind.Transaction } && call.RowKeys.Count(key => key.StartsWith("c|", StringComparison.Ordinal)) > 1
            ? Fault.Busy
            : Fault.None);

        await broken.FollowUpSender.SendAsync(ground.ChunkOf(first, second), CancellationToken.None);

        Assert.Equal(FollowUpStatus.Sent, (await ground.FindAsync(first)).Status);
        Assert.Equal(FollowUpStatus.Sent, (await ground.FindAsync(second)).Status);
        await ground.AssertNoScheduleRowsAsync();
    });

    [Fact]
    public Task A_full_conversation_fails_the_follow_up_at_once() => RunAsync(async ground =>
    {
        var followUp = await ground.CreateAsync(0);
        await ground.Quiet.Tables.Conversations.UpdateEntityAsync(
            new TableEntity(followUp.Conversation.PartitionKey, ConversationRowKeys.Head) { ["Last"] = MessageKey.MaxSequence }, Azure.ETag.All);

        await ground.Quiet.FollowUpSender.SendAsync(ground.ChunkOf(followUp), CancellationToken.None);

        var failed = await ground.FindAsync(followUp);
        Assert.Equal((FollowUpStatus.Failed, FollowUpReasons.DeliveryFailed), (failed.Status, failed.Reason));
        await ground.AssertNoScheduleRowsAsync();
    });

    [Fact]
    public Task A_follow_up_is_cancelled_if_the_hand_off_is_not_over_by_the_senders_clock() => RunAsync(async ground =>
    {
        // Handed off by a clock that is behind; created by a clock for which the hand-off is over.
        var conversation = new EntityRef<ConversationKey>(ground.Model.Conversations[0], null);
        await ground.Quiet.ConversationChange.ChangeAsync(
            conversation, head => head with { HandedOffUntil = ground.Model.Run.Time.GetUtcNow().AddMinutes(3) }, "agent", null, CancellationToken.None);
        var ahead = ground.Process(fault: null, TimeSpan.FromMinutes(5));
        var created = (await ahead.FollowUpWriter.CreateAsync(conversation, ground.Model.Run.Time.GetUtcNow(), "text", "test", null, CancellationToken.None)).FollowUp;

        await ground.Quiet.FollowUpSender.SendAsync(ground.ChunkOf(created), CancellationToken.None);

        var cancelled = await ground.FindAsync(created);
        Assert.Equal((FollowUpStatus.Cancelled, FollowUpReasons.HandedOff), (cancelled.Status, cancelled.Reason));
        await ground.AssertNoScheduleRowsAsync();
    });

    [Fact]
    public Task A_chunk_delivered_too_early_is_enqueued_again_for_the_remaining_time() => RunAsync(async ground =>
    {
        var followUp = await ground.CreateAsync(0, TimeSpan.FromSeconds(40));

        await ground.Quiet.FollowUpSender.SendAsync(ground.ChunkOf(followUp), CancellationToken.None);

        Assert.Equal(FollowUpStatus.Pending, (await ground.FindAsync(followUp)).Status);
        Assert.Equal((ground.ChunkOf(followUp), TimeSpan.FromSeconds(40)), ground.Queue.Sent[^1]);
    });

    [Fact]
    public Task A_chunk_delivered_slightly_too_early_waits() => RunAsync(async ground =>
    {
        var followUp = await ground.CreateAsync(0, TimeSpan.FromMilliseconds(1900));

        await ground.Quiet.FollowUpSender.SendAsync(ground.ChunkOf(followUp), CancellationToken.None);

        var sent = await ground.FindAsync(followUp);
        Assert.Equal((FollowUpStatus.Sent, followUp.DueAt), (sent.Status, sent.FinishedAt));
    });

    [Fact]
    public Task Follow_ups_of_one_conversation_are_sent_in_the_order_of_their_times() => RunAsync(async ground =>
    {
        var last = await ground.CreateAsync(0, TimeSpan.FromMilliseconds(-100), "last");
        var first = await ground.CreateAsync(0, TimeSpan.FromMilliseconds(-900), "first");
        var middle = await ground.CreateAsync(0, TimeSpan.FromMilliseconds(-900), "middle");

        await ground.Quiet.FollowUpSender.SendAsync(ground.ChunkOf(last, first, middle), CancellationToken.None);

        var texts = await MessageRow.ReadRangeAsync(ground.Quiet.Tables, last.Conversation, 2, 4, CancellationToken.None).Select(message => message.Text).ToListAsync();
        Assert.Equal(["first", "middle", "last"], texts);
    });

    [Fact]
    public Task A_message_that_arrives_again_makes_no_attempt_before_the_time_of_the_retry() => RunAsync(async ground =>
    {
        var followUp = await ground.CreateAsync(0);
        var broken = ground.Process(call => IsMessageOf(call, followUp.Conversation) ? Fault.Busy : Fault.None);
        await broken.FollowUpSender.SendAsync(ground.ChunkOf(followUp), CancellationToken.None);
        var tried = await ground.FindAsync(followUp);

        await broken.FollowUpSender.SendAsync(ground.ChunkOf(followUp), CancellationToken.None);

        Assert.Equal(1, (await ground.FindAsync(followUp)).Attempts);
        Assert.Equal((ground.ChunkOf(followUp), tried.RetryAt - ground.Model.Run.Time.GetUtcNow()), ground.Queue.Sent[^1]);
    });

    [Fact]
    public Task A_follow_up_waits_for_an_earlier_one_of_another_chunk_which_then_enqueues_it() => RunAsync(async ground =>
    {
        var first = await ground.CreateAsync(0, TimeSpan.FromSeconds(-70));
        var second = await ground.CreateAsync(0, TimeSpan.FromSeconds(-5));

        await ground.Quiet.FollowUpSender.SendAsync(ground.ChunkOf(second), CancellationToken.None);
        Assert.Equal((FollowUpStatus.Pending, 0), ((await ground.FindAsync(second)).Status, (await ground.FindAsync(second)).Attempts));

        ground.Queue.Sent.Clear();
        await ground.Quiet.FollowUpSender.SendAsync(ground.ChunkOf(first), CancellationToken.None);
        Assert.Equal([(ground.ChunkOf(second), TimeSpan.FromSeconds(-5))], ground.Queue.Sent);

        await ground.Quiet.FollowUpSender.SendAsync(ground.ChunkOf(second), CancellationToken.None);
        Assert.Equal(FollowUpStatus.Sent, (await ground.FindAsync(second)).Status);
        await ground.AssertNoScheduleRowsAsync();
    });

    [Fact]
    public Task Follow_ups_of_a_chunk_wait_while_the_first_one_is_retried() => RunAsync(async ground =>
    {
        var (first, second) = (await ground.CreateAsync(0, TimeSpan.FromSeconds(-2)), await ground.CreateAsync(0, TimeSpan.FromSeconds(-2)));
        var broken = ground.Process(call => IsMessageOf(call, first.Conversation) ? Fault.Busy : Fault.None);

        await broken.FollowUpSender.SendAsync(ground.ChunkOf(first, second), CancellationToken.None);

        Assert.Equal((FollowUpStatus.Pending, 1), ((await ground.FindAsync(first)).Status, (await ground.FindAsync(first)).Attempts));
        Assert.Equal((FollowUpStatus.Pending, 0), ((await ground.FindAsync(second)).Status, (await ground.FindAsync(second)).Attempts));
    });

    [Theory]
    [InlineData(FollowUpStatus.Cancelled)]
    [InlineData(FollowUpStatus.Failed)]
    [InlineData(FollowUpStatus.Pending)]
    public Task A_client_that_ends_or_postpones_the_first_one_enqueues_the_next(FollowUpStatus to) => RunAsync(async ground =>
    {
        var (first, second) = (await ground.CreateAsync(0, TimeSpan.FromSeconds(-70)), await ground.CreateAsync(0, TimeSpan.FromSeconds(-5)));
        ground.Queue.Sent.Clear();
        var change = to == FollowUpStatus.Pending
            ? new FollowUpChange { DueAt = first.DueAt.AddHours(1) }
            : new FollowUpChange { Status = to, Reason = "no use" };

        await ground.Quiet.FollowUpWriter.ChangeAsync(Appends.Tenant, $"{first.Id}", change, "test", null, CancellationToken.None);

        Assert.Equal([ground.ChunkOf(second)], ground.Queue.Sent.Select(sent => sent.Chunk));
    });

    [Fact]
    public Task A_follow_up_that_fails_for_good_lets_the_next_one_go() => RunAsync(async ground =>
    {
        var (first, second) = (await ground.CreateAsync(0, TimeSpan.FromSeconds(-70)), await ground.CreateAsync(0, TimeSpan.FromSeconds(-5)));
        var broken = ground.Process(call => IsMessageOf(call, first.Conversation) ? Fault.Busy : Fault.None);
        for (var attempt = 0; attempt < FollowUpFailures.MaxAttempts; attempt++)
        {
            ground.Queue.Sent.Clear();
            await broken.FollowUpSender.SendAsync(ground.ChunkOf(first), CancellationToken.None);
            await Task.Delay(TimeSpan.FromMinutes(3), ground.Model.Run.Time);
        }

        Assert.Equal(FollowUpStatus.Failed, (await ground.FindAsync(first)).Status);
        Assert.Equal([ground.ChunkOf(second)], ground.Queue.Sent.Select(sent => sent.Chunk));
    });

    [Fact]
    public Task A_lost_response_of_the_first_one_still_enqueues_the_next() => RunAsync(async ground =>
    {
        var (first, second) = (await ground.CreateAsync(0, TimeSpan.FromSeconds(-70)), await ground.CreateAsync(0, TimeSpan.FromSeconds(-5)));
        ground.Queue.Sent.Clear();
        var isLost = false;
        var broken = ground.Process(call =>
        {
            var isFirst = !isLost && IsMessageOf(call, first.Conversation);
            isLost |= isFirst;
            return isFirst ? Fault.LostAfter : Fault.None;
        });

        await broken.FollowUpSender.SendAsync(ground.ChunkOf(first), CancellationToken.None);

        Assert.True(isLost);
        Assert.Equal(FollowUpStatus.Sent, (await ground.FindAsync(first)).Status);
        Assert.Equal([ground.ChunkOf(second)], ground.Queue.Sent.Select(sent => sent.Chunk));
    });

    [Fact]
    public Task A_chunk_whose_follow_ups_have_ended_enqueues_the_next() => RunAsync(async ground =>
    {
        // As after a crash between the end of the first one and the message for the next one.
        var (first, second) = (await ground.CreateAsync(0, TimeSpan.FromSeconds(-70)), await ground.CreateAsync(0, TimeSpan.FromSeconds(-5)));
        var chunk = ground.ChunkOf(first);
        await ground.Quiet.FollowUpSender.SendAsync(chunk, CancellationToken.None);
        await ground.Quiet.Schedule.WriteAsync(IndexedFollowUp.Of(first).Scheduled, CancellationToken.None);
        ground.Queue.Sent.Clear();

        await ground.Quiet.FollowUpSender.SendAsync(chunk, CancellationToken.None);

        Assert.Equal([ground.ChunkOf(second)], ground.Queue.Sent.Select(sent => sent.Chunk));
    });

    [Fact]
    public Task A_rearmed_follow_up_does_not_wait_for_the_retry_of_an_earlier_attempt() => RunAsync(async ground =>
    {
        var followUp = await ground.CreateAsync(0);
        var broken = ground.Process(call => IsMessageOf(call, followUp.Conversation) ? Fault.Busy : Fault.None);
        await broken.FollowUpSender.SendAsync(ground.ChunkOf(followUp), CancellationToken.None);
        await ChangeAsync(new() { Status = FollowUpStatus.Failed });

        var rearmed = await ChangeAsync(new() { Status = FollowUpStatus.Pending, DueAt = ground.Model.Run.Time.GetUtcNow().AddSeconds(1) });
        await ground.Quiet.FollowUpSender.SendAsync(ground.ChunkOf(rearmed), CancellationToken.None);

        Assert.Equal((FollowUpStatus.Sent, rearmed.DueAt), ((await ground.FindAsync(followUp)).Status, (await ground.FindAsync(followUp)).FinishedAt));

        Task<FollowUp> ChangeAsync(FollowUpChange change) =>
            ground.Quiet.FollowUpWriter.ChangeAsync(Appends.Tenant, $"{followUp.Id}", change, "test", null, CancellationToken.None);
    });

    [Fact]
    public Task A_head_without_due_times_keeps_the_order() => RunAsync(async ground =>
    {
        var (first, second) = (await ground.CreateAsync(0, TimeSpan.FromSeconds(-70)), await ground.CreateAsync(0, TimeSpan.FromSeconds(-5)));
        var pending = new[] { first, second }.Select(one => one.AsPending with { DueAt = null });
        await ground.Quiet.Tables.Conversations.UpdateEntityAsync(
            new TableEntity(first.Conversation.PartitionKey, ConversationRowKeys.Head) { ["Pending"] = PendingFollowUp.Write(pending) }, Azure.ETag.All);

        await ground.Quiet.FollowUpSender.SendAsync(ground.ChunkOf(second), CancellationToken.None);
        Assert.Equal(FollowUpStatus.Pending, (await ground.FindAsync(second)).Status);

        await ground.Quiet.FollowUpSender.SendAsync(ground.ChunkOf(first), CancellationToken.None);
        Assert.Equal(ground.ChunkOf(second), ground.Queue.Sent[^1].Chunk);
        await ground.Quiet.FollowUpSender.SendAsync(ground.ChunkOf(second), CancellationToken.None);
        Assert.Equal(FollowUpStatus.Sent, (await ground.FindAsync(second)).Status);
    });

    private static bool IsMessageOf(TableCall call, ConversationKey conversation) =>
        call.Kind == TableCallKind.Transaction && call.PartitionKey == conversation.PartitionKey && call.RowKeys.Any(key => key.StartsWith("m|", StringComparison.Ordinal));

    /// <summary>Runs the test with each table of schedule rows.</summary>
    private static async Task RunAsync(Func<Ground, Task> test)
    {
        foreach (var write in Enum.GetValues<ScheduleTable>())
        {
            await Interleaving.RunAsync(1, async run =>
            {
                var model = new FollowUpModel(run, new StrictTables(run.Time)) { Write = write };
                await model.BuildAsync(conversations: 2);
                await test(new Ground(model));
            });
        }
    }

    private sealed class Ground(FollowUpModel model)
    {
        private int started;

        public FollowUpModel Model => model;

        public RecordingQueue Queue { get; } = new();

        public ParleyProcess Quiet => Process(fault: null);

        public ParleyProcess Process(Func<TableCall, Fault>? fault, TimeSpan ahead = default) =>
            model.Start($"p{++started}", started, ahead, fault, Queue).Process;

        public async Task<FollowUp> CreateAsync(int conversation, TimeSpan delay = default, string text = "text") => (await Quiet.FollowUpWriter.CreateAsync(
            new EntityRef<ConversationKey>(model.Conversations[conversation], null), model.Run.Time.GetUtcNow() + delay, text, "test", null, CancellationToken.None)).FollowUp;

        public async Task<FollowUp> FindAsync(FollowUp followUp) => (await Quiet.FollowUps.FindAsync(followUp.Conversation, followUp.Number, CancellationToken.None))!;

        /// <summary>A chunk of follow-ups that are due in the same minute.</summary>
        public FollowUpChunk ChunkOf(params FollowUp[] followUps)
        {
            var rows = followUps.Select(one => Quiet.Schedule.RowOf(IndexedFollowUp.Of(one).Scheduled)).OrderBy(row => row.RowKey, StringComparer.Ordinal).ToList();
            return new FollowUpChunk(rows[0].PartitionKey, rows[0].RowKey, rows[^1].RowKey);
        }

        public async Task AssertNoScheduleRowsAsync() => Assert.Empty(await Quiet.Tables.ScheduledRowsAsync());
    }
}
