using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations.FollowUps;

/// <summary>
/// Creating, changing, sending and ending follow-ups, with a crash at each storage call and a retry: no follow-up is
/// lost or sent twice, and leftover rows are found or deleted.
/// </summary>
public sealed class FollowUpCrashTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromMinutes(3);

    [Fact]
    public Task A_created_follow_up_is_sent_once() => ExploreCrashesAsync(
        (_, _) => Task.CompletedTask,
        CreateAsync,
        sent: 1);

    [Fact]
    public Task Creating_without_a_retry_sends_the_follow_up_once_or_creates_none() => ExploreCrashesAsync(
        (_, _) => Task.CompletedTask,
        CreateAsync,
        (_, _) => Task.CompletedTask,
        (followUps, messages) => Assert.Equal((followUps.Count, followUps.Count + 2), (followUps.Count(IsSent), messages.Count)));

    [Fact]
    public Task Redating_to_another_minute_and_back_sends_once() => ExploreCrashesAsync(
        CreateAsync,
        async (ground, process) =>
        {
            var followUp = await ground.FollowUpAsync(process);
            await ChangeAsync(process, followUp, new() { DueAt = followUp.DueAt.AddMinutes(1) });
            await ChangeAsync(process, followUp, new() { DueAt = followUp.DueAt });
        },
        sent: 1);

    [Fact]
    public Task Cancelling_and_rearming_sends_once() => ExploreCrashesAsync(
        CreateAsync,
        async (ground, process) =>
        {
            var followUp = await ground.FollowUpAsync(process);
            await ChangeAsync(process, followUp, new() { Status = FollowUpStatus.Cancelled });
            await ChangeAsync(process, followUp, new() { Status = FollowUpStatus.Pending, DueAt = followUp.DueAt });
        },
        sent: 1);

    [Fact]
    public Task A_cancelled_follow_up_is_not_sent() => ExploreCrashesAsync(
        CreateAsync,
        async (ground, process) => await ChangeAsync(process, await ground.FollowUpAsync(process), new() { Status = FollowUpStatus.Cancelled }),
        sent: 0);

    [Fact]
    public Task A_customers_message_cancels_all_pending_follow_ups() => ExploreCrashesAsync(
        CreateAllAsync,
        async (ground, process) =>
        {
            foreach (var id in ground.Conversations)
            {
                await process.Append.AppendAsync(
                    id, new(MessageRole.Customer, "answer", null, "customer", null), IdempotencyKey.Create("answer", ["answer"]), CancellationToken.None);
            }
        },
        (ground, process) => ground.Act(process),
        (followUps, messages) =>
        {
            Assert.All(followUps, one => Assert.Equal((FollowUpStatus.Cancelled, FollowUpReasons.CustomerReplied), (one.Status, one.Reason)));
            Assert.Equal(2, messages.Count(message => message.Role == MessageRole.Customer));
        });

    [Fact]
    public Task A_hand_off_cancels_all_pending_follow_ups() => ExploreCrashesAsync(
        CreateAllAsync,
        async (ground, process) =>
        {
            var until = ground.Model.Run.Time.GetUtcNow().AddHours(1);
            foreach (var id in ground.Conversations)
            {
                await process.ConversationChange.ChangeAsync(id, head => head with { HandedOffUntil = until }, "agent", null, CancellationToken.None);
            }
        },
        (ground, process) => ground.Act(process),
        (followUps, _) => Assert.All(followUps, one => Assert.Equal((FollowUpStatus.Cancelled, FollowUpReasons.HandedOff), (one.Status, one.Reason))));

    [Fact]
    public Task Sending_follow_ups_of_two_conversations_sends_each_once() => ExploreCrashesAsync(
        CreateAllAsync,
        async (ground, process) =>
        {
            var run = ground.Model.Run;
            await Task.Delay(Soon, run.Time);
            var row = ground.Model.Unscheduled().Schedule.RowOf(IndexedFollowUp.Of(await ground.FollowUpAsync(process)).Scheduled);
            await process.FollowUpSender.SendAsync(new FollowUpChunk(row.PartitionKey, FollowUpRowKeys.ScheduledFollowUps, KeyParts.EndOf(FollowUpRowKeys.ScheduledFollowUps)), CancellationToken.None);
        },
        (_, _) => Task.CompletedTask,
        (followUps, messages) => Assert.Equal((4, 4 + 2), (followUps.Count(IsSent), messages.Count)));

    [Fact]
    public Task Chunks_that_arrive_in_the_wrong_order_send_in_the_right_one() => ExploreCrashesAsync(
        async (ground, process) =>
        {
            // Two minutes and two seconds, so that each has a chunk of its own.
            foreach (var (name, seconds) in new[] { ("4", 60), ("3", 40), ("1", 0), ("2", 0) })
            {
                await process.FollowUpWriter.CreateAsync(
                    ground.Conversations[0], ground.DueAt.AddSeconds(seconds), FollowUpModel.TextOf(name), "test", null, CancellationToken.None);
            }
        },
        async (ground, process) =>
        {
            await Task.Delay(Soon + TimeSpan.FromMinutes(2), ground.Model.Run.Time);
            for (var number = 1; number <= 4; number++)
            {
                var followUp = (await process.FollowUps.FindAsync(ground.Model.Conversations[0], number, CancellationToken.None))!;
                var row = ground.Model.Unscheduled().Schedule.RowOf(IndexedFollowUp.Of(followUp).Scheduled);
                await process.FollowUpSender.SendAsync(new FollowUpChunk(row.PartitionKey, row.RowKey, row.RowKey), CancellationToken.None);
            }
        },
        (_, _) => Task.CompletedTask,
        (_, messages) => Assert.Equal(
            new[] { "1", "2", "3", "4" }.Select(FollowUpModel.TextOf), messages.Where(FollowUpModel.IsFollowUp).Select(message => message.Text)));

    [Fact]
    public Task Enqueueing_due_follow_ups_sends_each_once() => ExploreCrashesAsync(
        CreateAllAsync,
        async (ground, process) =>
        {
            await Task.Delay(Soon, ground.Model.Run.Time);
            await process.FollowUpDispatch.DispatchAsync(CancellationToken.None);
        },
        (_, _) => Task.CompletedTask,
        (followUps, messages) => Assert.Equal((4, 4 + 2), (followUps.Count(IsSent), messages.Count)));

    private static Task ExploreCrashesAsync(Func<Ground, ParleyProcess, Task> prepare, Func<Ground, ParleyProcess, Task> act, int sent) => ExploreCrashesAsync(
        prepare,
        act,
        (ground, process) => ground.Act(process),
        (followUps, messages) =>
        {
            var followUp = Assert.Single(followUps);
            Assert.Equal((sent, sent), (followUps.Count(IsSent), messages.Count(message => message.Text == followUp.Text)));
        });

    private static async Task ExploreCrashesAsync(
        Func<Ground, ParleyProcess, Task> prepare,
        Func<Ground, ParleyProcess, Task> act,
        Func<Ground, ParleyProcess, Task> again,
        Action<IReadOnlyList<FollowUp>, List<Message>> verify)
    {
        var calls = await CrashExploration.RunAsync(
            async (run, tables) =>
            {
                var model = new FollowUpModel(run, tables);
                await model.BuildAsync(conversations: 2);
                var ground = new Ground(model, act, run.Time.GetUtcNow() + Soon);
                await prepare(ground, model.Unscheduled());
                return ground;
            },
            (ground, connection) => act(ground, ground.Model.Process(connection, 1)),
            async (ground, connection) =>
            {
                var process = ground.Model.Process(connection, 2);
                await again(ground, process);
                ground.Model.Run.DeliverLate();
                await ground.Model.ReachQuiescenceAsync(FollowUpOperations.Production, process);
            },
            async (ground, _) =>
            {
                var followUps = await ground.Model.VerifyAsync(past: ground.DueAt.AddMinutes(5));
                verify(followUps, await ground.MessagesAsync());
            },
            CrashExploration.CrashesAndLateCalls,
            seeds: 3);
        Assert.True(calls > 1);
    }

    private static bool IsSent(FollowUp followUp) => followUp.Status == FollowUpStatus.Sent;

    private static Task CreateAsync(Ground ground, ParleyProcess process) => process.FollowUpWriter.CreateAsync(
        ground.Conversations[0], ground.DueAt, FollowUpModel.TextOf("1"), "test", IdempotencyKey.Create("key", ["1"]), CancellationToken.None);

    private static async Task CreateAllAsync(Ground ground, ParleyProcess process)
    {
        for (var i = 0; i < 4; i++)
        {
            await process.FollowUpWriter.CreateAsync(
                ground.Conversations[i % 2], ground.DueAt, FollowUpModel.TextOf($"{i}"), "test", null, CancellationToken.None);
        }
    }

    private static async Task ChangeAsync(ParleyProcess process, FollowUp followUp, FollowUpChange change)
    {
        try
        {
            await process.FollowUpWriter.ChangeAsync(Appends.Tenant, $"{followUp.Id}", change, "test", null, CancellationToken.None);
        }
        catch (ParleyException e) when (e.Code == ErrorCode.FollowUpStatus)
        {
            // The change and the next one were stored before the crash.
        }
    }

    private sealed record Ground(FollowUpModel Model, Func<Ground, ParleyProcess, Task> ActOnIt, DateTimeOffset DueAt)
    {
        public IReadOnlyList<EntityRef<ConversationKey>> Conversations => [.. Model.Conversations.Select(key => new EntityRef<ConversationKey>(key, null))];

        public Task Act(ParleyProcess process) => ActOnIt(this, process);

        public async Task<FollowUp> FollowUpAsync(ParleyProcess process) => (await process.FollowUps.FindAsync(Model.Conversations[0], 1, CancellationToken.None))!;

        public async Task<List<Message>> MessagesAsync()
        {
            var (process, messages) = (Model.Unscheduled(), new List<Message>());
            foreach (var conversation in Model.Conversations)
            {
                await foreach (var message in MessageRow.ReadRangeAsync(process.Tables, conversation, 1, 100, CancellationToken.None))
                {
                    messages.Add(message);
                }
            }

            return messages;
        }
    }
}
