using Parley.Assistants.Completions;
using Parley.Core;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Assistants.Completions;

/// <summary>
/// Whoever begins, speaks, follows, cancels or sweeps turns, ended at each of its storage calls: whoever comes then, or nobody, the turn ends, says no more than
/// is stored, and has at most one reply that is whole.
/// </summary>
public sealed class CompletionCrashTests
{
    private static readonly CompletionRequest Request = new("client", "/words 12 /pace 300", Conversation: null, IsKeyed: true);

    [Fact]
    public Task A_completion_that_nobody_comes_back_to_is_ended_by_the_timer() => SweepAsync(
        CompleteAsync,
        (_, _) => Task.CompletedTask,
        (ground, completions) => Assert.All(completions, completion => Assert.Equal(1, completion.Attempt)));

    [Fact]
    public Task A_completion_that_comes_again_under_its_key_is_whole_in_the_end() => SweepAsync(
        CompleteAsync,
        CompleteUntilWholeAsync,
        (_, completions) => Assert.Null(Assert.Single(completions).Error));

    [Fact]
    public Task A_completion_with_pauses_that_comes_again_is_whole_in_the_end() => SweepAsync(
        CompleteAsync,
        CompleteUntilWholeAsync,
        (_, completions) => Assert.Null(Assert.Single(completions).Error),
        Request with { Text = "/words 3 /pace 2500" });

    [Fact]
    public Task A_completion_of_which_one_call_is_not_answered_is_not_interrupted() => SweepAsync(
        CompleteAsync,
        (ground, process) => ground.Listener is { IsDone: true } ? Task.CompletedTask : CompleteUntilWholeAsync(ground, process),
        (_, completions) => Assert.Equal((1, null), (Assert.Single(completions).Attempt, completions[0].Error)),
        faults: [Fault.Busy, Fault.LostAfter, Fault.TimeOutLate]);

    [Fact]
    public Task A_posted_message_of_which_one_call_is_not_answered_is_asked_a_reply_for_at_once() => SweepAsync(
        PostAsync,
        async (ground, process) =>
        {
            await PostAsync(ground, process);
            await ground.Model.DeliverAsync(CompletionWays.Parleys, process);
            ground.Answered = ground.Model.Log.Of(ground.Model.Log.Completions.Single());
        },
        (ground, _) => Assert.Equal(CompletionStatus.Ended, ground.Answered!.Status),
        Posted,
        faults: [Fault.LostAfter]);

    [Fact]
    public Task A_completion_that_a_client_resumes_shows_the_rest() => SweepAsync(
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
        (_, completions) => Assert.All(completions, completion => Assert.Equal(1, completion.Attempt)));

    [Fact]
    public Task A_completion_that_is_cancelled_elsewhere_stays_as_the_canceller_was_told() => SweepAsync(
        CompleteAsync,
        async (ground, process) =>
        {
            if (ground.Begun is { } completion)
            {
                ground.Answered = await ground.Model.CancelAsync(process, completion.Id);
            }
        },
        (ground, completions) => Assert.All(completions, completion => Assert.Equal(ground.Answered?.Text ?? completion.Text, completion.Text)));

    [Fact]
    public Task A_canceller_that_dies_leaves_a_turn_that_ends() => SweepAsync(
        async (ground, process) => ground.Answered = await ground.Model.CancelAsync(process, ground.Begun!.Id),
        async (ground, process) =>
        {
            ground.Answered = await ground.Model.CancelAsync(process, ground.Begun!.Id);
            await ground.Speaking!;
        },
        (ground, completions) => Assert.Equal(ground.Answered!.Text, Assert.Single(completions).Text),
        prepare: SpeakElsewhereAsync);

    [Fact]
    public Task A_listener_that_dies_changes_nothing() => SweepAsync(
        (ground, process) => ground.Model.ResumeAsync(process, ground.Begun!.Id, after: 0),
        (ground, _) => ground.Speaking!,
        (_, completions) => Assert.Equal((1, null), (Assert.Single(completions).Attempt, completions[0].Error)),
        Request with { Text = "/words 4 /pace 300" },
        prepare: SpeakElsewhereAsync);

    [Fact]
    public Task An_automatic_reply_is_made_once_however_often_it_is_asked_for() => SweepAsync(
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
    public Task A_posted_message_that_does_not_come_again_has_its_reply() => SweepAsync(
        PostAsync,
        (_, _) => Task.CompletedTask,
        (_, completions) => Assert.All(completions, completion => Assert.Null(completion.Error)),
        Posted);

    [Fact]
    public Task An_automatic_reply_whose_process_dies_ends_once() => SweepAsync(
        (ground, process) => process.AutoReplies.RunAsync(QueuedReply.Of(new MessageKey(ground.Model.Conversations[0], 1)), CancellationToken.None),
        async (ground, process) =>
        {
            // The host brings the message again; here at once, for it does not matter.
            await process.AutoReplies.RunAsync(QueuedReply.Of(new MessageKey(ground.Model.Conversations[0], 1)), CancellationToken.None);
        },
        (_, completions) => Assert.Equal((1, true), (Assert.Single(completions).Attempt, completions[0].Error is null or CompletionError.Interrupted)),
        Posted,
        prepare: (ground) => PostAsync(ground, ground.Model.Unscheduled()));

    [Fact]
    public Task A_timer_that_dies_is_made_up_for_by_the_next() => SweepAsync(
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
            // One whose process died, and one that nobody was asked for, for the queue had no room.
            await SpeakElsewhereAsync(ground);
            await Task.Delay(TimeSpan.FromSeconds(1), ground.Model.Run.Time);
            ground.Elsewhere!.Kill();
            await Assert.ThrowsAsync<CrashException>(() => ground.Speaking!);
            await PostAsync(ground with { Request = Posted with { Conversation = ground.Model.Conversations[0] } }, ground.Model.Unscheduled());
            ground.Model.Queue.Take();
            await Task.Delay(TimeSpan.FromMinutes(5), ground.Model.Run.Time);
        });

    private static CompletionRequest Posted => new("poster", "/words 4 /pace 300", Conversation: new ConversationKey(Appends.Tenant, 1), IsKeyed: true);

    private static Task CompleteAsync(Ground ground, ParleyProcess process) =>
        ground.Model.CompleteAsync(CompletionWays.Parleys, process, ground.Request, (listener, completion) => (ground.Listener, ground.Begun) = (listener, completion));

    private static async Task CompleteUntilWholeAsync(Ground ground, ParleyProcess process)
    {
        for (var tries = 1; ; tries++)
        {
            var listener = await ground.Model.CompleteAsync(CompletionWays.Parleys, process, ground.Request);
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

    /// <summary>A process of its own speaks the turn; goes on when the turn is stored.</summary>
    private static async Task SpeakElsewhereAsync(Ground ground)
    {
        var (process, connection) = ground.Model.Start("elsewhere", 7);
        var begun = new TaskCompletionSource();
        ground.Elsewhere = connection;
        ground.Speaking = ground.Model.CompleteAsync(CompletionWays.Parleys, process, ground.Request, (_, completion) =>
        {
            ground.Begun = completion;
            begun.SetResult();
        });
        await begun.Task;
    }

    private static async Task SweepAsync(
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
                await ground.Model.ReachQuiescenceAsync(CompletionWays.Parleys, process);
            },
            async (ground, _) => verify(ground, await ground.Model.VerifyAsync()),
            faults ?? CrashExploration.CrashesAndLateCalls,
            seeds: seeds,
            watch: ground => ground.Model.Log.Note);
        Assert.True(calls > 1);
    }

    private sealed record Ground(CompletionModel Model, CompletionRequest Request)
    {
        /// <summary>The turn, when the client was told of it.</summary>
        public Completion? Begun { get; set; }

        public CompletionListener? Listener { get; set; }

        /// <summary>What a canceller was told.</summary>
        public Completion? Answered { get; set; }

        public TableConnection? Elsewhere { get; set; }

        public Task<CompletionListener>? Speaking { get; set; }
    }
}
