using Parley.Assistants.Completions;
using Parley.Core;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Assistants.Completions;

/// <summary>
/// Starting, producing, following, cancelling and recovering completions, with a crash at each storage call. With or
/// without a retry, the completion ends, shows no text that is not stored, and has at most one complete reply.
/// </summary>
public sealed class CompletionCrashTests
{
    private static readonly CompletionRequest Request = new("client", "/words 12 /pace 300", Conversation: null, IsKeyed: true);

    [Fact]
    public Task A_completion_without_a_retry_is_ended_by_the_timer() => ExploreCrashesAsync(
        CompleteAsync,
        (_, _) => Task.CompletedTask,
        (ground, completions) => Assert.All(completions, completion => Assert.Equal(1, completion.Attempt)));

    [Fact]
    public Task A_completion_that_is_sent_again_under_its_key_becomes_complete() => ExploreCrashesAsync(
        CompleteAsync,
        CompleteUntilSuccessAsync,
        (_, completions) => Assert.Null(Assert.Single(completions).Error));

    [Fact]
    public Task A_completion_with_pauses_that_is_sent_again_becomes_complete() => ExploreCrashesAsync(
        CompleteAsync,
        CompleteUntilSuccessAsync,
        (_, completions) => Assert.Null(Assert.Single(completions).Error),
        Request with { Text = "/words 3 /pace 2500" });

    /// <summary>A chunk has 64 events.</summary>
    [Fact]
    public Task A_completion_of_two_chunks_that_is_sent_again_becomes_complete() => ExploreCrashesAsync(
        CompleteAsync,
        CompleteUntilSuccessAsync,
        (_, completions) => Assert.Null(Assert.Single(completions).Error),
        Request with { Text = "/words 67 /pace 300" });

    [Fact]
    public Task A_completion_of_two_chunks_without_a_retry_is_ended_with_its_text_so_far() => ExploreCrashesAsync(
        CompleteAsync,
        (_, _) => Task.CompletedTask,
        (ground, completions) => Assert.All(completions, completion => Assert.StartsWith(ground.Listener?.Text ?? "", completion.Text, StringComparison.Ordinal)),
        Request with { Text = "/words 67 /pace 300" });

    [Fact]
    public Task A_completion_with_one_unanswered_call_is_not_interrupted() => ExploreCrashesAsync(
        CompleteAsync,
        (ground, process) => ground.Listener is { IsDone: true } ? Task.CompletedTask : CompleteUntilSuccessAsync(ground, process),
        (_, completions) => Assert.Equal((1, null), (Assert.Single(completions).Attempt, completions[0].Error)),
        faults: [Fault.Busy, Fault.LostAfter, Fault.TimeOutLate]);

    [Fact]
    public Task A_posted_message_with_one_unanswered_call_has_its_reply_enqueued_at_once() => ExploreCrashesAsync(
        PostAsync,
        async (ground, process) =>
        {
            await PostAsync(ground, process);
            await ground.Model.DeliverAsync(CompletionOperations.Production, process);
            ground.Returned = ground.Model.Log.Of(ground.Model.Log.Completions.Single());
        },
        (ground, _) => Assert.Equal(CompletionStatus.Ended, ground.Returned!.Status),
        Posted,
        faults: [Fault.LostAfter]);

    [Theory]
    [InlineData(12)]
    [InlineData(67)]
    public Task A_resumed_completion_shows_the_rest(int words) => ExploreCrashesAsync(
        CompleteAsync,
        async (ground, process) =>
        {
            if (ground.Begun is { } completion)
            {
                var rest = await ground.Model.ResumeAsync(process, completion.Id, ground.Listener!.Last);
                var text = ground.Model.Log.Of(completion.Key).Text;
                Assert.Equal((text, true), (ground.Listener.Text + rest.Text, ground.Listener.IsDone || rest.IsDone));
            }
        },
        (_, completions) => Assert.All(completions, completion => Assert.Equal(1, completion.Attempt)),
        Request with { Text = $"/words {words} /pace 300" });

    [Fact]
    public Task A_completion_cancelled_by_another_process_stays_as_the_response_stated() => ExploreCrashesAsync(
        CompleteAsync,
        async (ground, process) =>
        {
            if (ground.Begun is { } completion)
            {
                ground.Returned = await ground.Model.CancelAsync(process, completion.Id);
            }
        },
        (ground, completions) => Assert.All(completions, completion => Assert.Equal(ground.Returned?.Text ?? completion.Text, completion.Text)));

    [Fact]
    public Task A_completion_ends_although_its_canceller_dies() => ExploreCrashesAsync(
        async (ground, process) => ground.Returned = await ground.Model.CancelAsync(process, ground.Begun!.Id),
        async (ground, process) =>
        {
            ground.Returned = await ground.Model.CancelAsync(process, ground.Begun!.Id);
            await ground.Producing!;
        },
        (ground, completions) => Assert.Equal(ground.Returned!.Text, Assert.Single(completions).Text),
        prepare: ProduceElsewhereAsync);

    [Fact]
    public Task A_follower_that_dies_changes_nothing() => ExploreCrashesAsync(
        (ground, process) => ground.Model.ResumeAsync(process, ground.Begun!.Id, after: 0),
        (ground, _) => ground.Producing!,
        (_, completions) => Assert.Equal((1, null), (Assert.Single(completions).Attempt, completions[0].Error)),
        Request with { Text = "/words 4 /pace 300" },
        prepare: ProduceElsewhereAsync);

    [Fact]
    public Task An_automatic_reply_is_produced_once_however_often_it_is_enqueued() => ExploreCrashesAsync(
        PostAsync,
        async (ground, process) =>
        {
            await PostAsync(ground, process);
            for (var deliveries = ground.Model.Run.Seed % 3; deliveries > 0; deliveries--)
            {
                await process.AutoReplies.RunAsync(QueuedReply.Of(new MessageKey(ground.Model.Conversations[0], 1)), CancellationToken.None);
            }
        },
        (ground, completions) =>
        {
            Assert.Equal(1, Assert.Single(completions).Attempt);
            Assert.Single(ground.Model.Log.Replies);
        },
        Posted,
        seeds: 3);

    [Fact]
    public Task A_posted_message_that_is_not_sent_again_has_its_reply() => ExploreCrashesAsync(
        PostAsync,
        (_, _) => Task.CompletedTask,
        (_, completions) => Assert.All(completions, completion => Assert.Null(completion.Error)),
        Posted);

    [Fact]
    public Task An_automatic_reply_whose_process_dies_ends_once() => ExploreCrashesAsync(
        (ground, process) => process.AutoReplies.RunAsync(QueuedReply.Of(new MessageKey(ground.Model.Conversations[0], 1)), CancellationToken.None),
        async (ground, process) =>
        {
            // The host delivers the message again later; the test does it at once, because the delay makes no
            // difference.
            await process.AutoReplies.RunAsync(QueuedReply.Of(new MessageKey(ground.Model.Conversations[0], 1)), CancellationToken.None);
        },
        (_, completions) => Assert.Equal((1, true), (Assert.Single(completions).Attempt, completions[0].Error is null or CompletionError.Interrupted)),
        Posted,
        prepare: (ground) => PostAsync(ground, ground.Model.Unscheduled()));

    [Fact]
    public Task The_next_timer_finishes_the_work_of_one_that_died() => ExploreCrashesAsync(
        (ground, process) => process.CompletionRecovery.RunAsync(CancellationToken.None),
        (_, _) => Task.CompletedTask,
        (_, completions) =>
        {
            Assert.Equal(new CompletionError?[] { null, CompletionError.Interrupted }, completions.Select(completion => completion.Error));
            Assert.Equal((1, "word1 word2 ", true), (completions[1].Attempt, completions[1].Text, completions[1].Reply is not null));
        },
        Request with { Text = "/words 5 /pace 900" },
        prepare: async ground =>
        {
            // One completion whose process died, and one that was not enqueued because the queue was full.
            await ProduceElsewhereAsync(ground);
            await Task.Delay(TimeSpan.FromSeconds(1), ground.Model.Run.Time);
            ground.Elsewhere!.Kill();
            await Assert.ThrowsAsync<CrashException>(() => ground.Producing!);
            await PostAsync(ground with { Request = Posted with { Conversation = ground.Model.Conversations[0] } }, ground.Model.Unscheduled());
            ground.Model.Queue.Take();
            await Task.Delay(TimeSpan.FromMinutes(5), ground.Model.Run.Time);
        });

    private static CompletionRequest Posted => new("poster", "/words 4 /pace 300", Conversation: new ConversationKey(Appends.Tenant, 1), IsKeyed: true);

    private static Task CompleteAsync(Ground ground, ParleyProcess process) =>
        ground.Model.CompleteAsync(CompletionOperations.Production, process, ground.Request, (listener, completion) => (ground.Listener, ground.Begun) = (listener, completion));

    private static async Task CompleteUntilSuccessAsync(Ground ground, ParleyProcess process)
    {
        for (var tries = 1; ; tries++)
        {
            var listener = await ground.Model.CompleteAsync(CompletionOperations.Production, process, ground.Request);
            if (listener is { IsDone: true, Error: null })
            {
                Assert.Equal(CompletionModel.Scripted(ground.Request.Text), listener.Text);
                return;
            }

            Assert.Equal(CompletionError.Interrupted, listener.Error);
            Assert.InRange(tries, 1, 3);
        }
    }

    private static Task PostAsync(Ground ground, ParleyProcess process) => ground.Model.PostAsync(process, ground.Request);

    /// <summary>Starts a completion in a process of its own and returns when the completion is stored.</summary>
    private static async Task ProduceElsewhereAsync(Ground ground)
    {
        var (process, connection) = ground.Model.Start("elsewhere", 7);
        var begun = new TaskCompletionSource();
        ground.Elsewhere = connection;
        ground.Producing = ground.Model.CompleteAsync(CompletionOperations.Production, process, ground.Request, (_, completion) =>
        {
            ground.Begun = completion;
            begun.SetResult();
        });
        await begun.Task;
    }

    private static async Task ExploreCrashesAsync(
        Func<Ground, ParleyProcess, Task> act,
        Func<Ground, ParleyProcess, Task> recover,
        Action<Ground, IReadOnlyList<Completion>> verify,
        CompletionRequest? request = null,
        Func<Ground, Task>? prepare = null,
        IReadOnlyList<Fault>? faults = null,
        int seeds = 1)
    {
        var calls = await CrashExploration.RunAsync(
            async (run, tables) =>
            {
                var ground = new Ground(new CompletionModel(run, tables), request ?? Request);
                await ground.Model.BuildAsync(conversations: 1);
                await (prepare?.Invoke(ground) ?? Task.CompletedTask);
                return ground;
            },
            (ground, connection) => act(ground, ground.Model.Process(connection, 1)),
            async (ground, connection) =>
            {
                var process = ground.Model.Process(connection, 2);
                await recover(ground, process);
                ground.Model.Run.DeliverLate();
                await ground.Model.ReachQuiescenceAsync(CompletionOperations.Production, process);
            },
            async (ground, _) => verify(ground, await ground.Model.VerifyAsync()),
            faults ?? CrashExploration.CrashesAndLateCalls,
            seeds: seeds,
            watch: ground => ground.Model.Log.Note);
        Assert.True(calls > 1);
    }

    private sealed record Ground(CompletionModel Model, CompletionRequest Request)
    {
        /// <summary>The completion, once the client has received its id.</summary>
        public Completion? Begun { get; set; }

        public CompletionListener? Listener { get; set; }

        /// <summary>The response to the cancellation.</summary>
        public Completion? Returned { get; set; }

        public TableConnection? Elsewhere { get; set; }

        public Task<CompletionListener>? Producing { get; set; }
    }
}
