using Parley.Assistants;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Assistants;

/// <summary>
/// Whoever begins, speaks, follows, cancels or sweeps turns, ended at each of its storage calls: whoever comes then, or nobody, the turn ends, says no more than
/// is stored, and has at most one reply that is whole.
/// </summary>
public sealed class TurnCrashTests
{
    private static readonly TurnRequest Request = new("client", "/words 12 /pace 300", Conversation: null, IsKeyed: true);

    [Fact]
    public Task A_completion_that_nobody_comes_back_to_is_ended_by_the_timer() => SweepAsync(
        CompleteAsync,
        (_, _) => Task.CompletedTask,
        (ground, turns) => Assert.All(turns, turn => Assert.Equal(1, turn.Attempt)));

    [Fact]
    public Task A_completion_that_comes_again_under_its_key_is_whole_in_the_end() => SweepAsync(
        CompleteAsync,
        CompleteUntilWholeAsync,
        (_, turns) => Assert.Null(Assert.Single(turns).Error));

    [Fact]
    public Task A_completion_with_pauses_that_comes_again_is_whole_in_the_end() => SweepAsync(
        CompleteAsync,
        CompleteUntilWholeAsync,
        (_, turns) => Assert.Null(Assert.Single(turns).Error),
        Request with { Text = "/words 3 /pace 2500" });

    [Fact]
    public Task A_completion_of_which_one_call_is_not_answered_is_not_interrupted() => SweepAsync(
        CompleteAsync,
        (ground, process) => ground.Listener is { IsDone: true } ? Task.CompletedTask : CompleteUntilWholeAsync(ground, process),
        (_, turns) => Assert.Equal((1, null), (Assert.Single(turns).Attempt, turns[0].Error)),
        faults: [Fault.Busy, Fault.LostAfter, Fault.TimeOutLate]);

    [Fact]
    public Task A_posted_message_of_which_one_call_is_not_answered_is_asked_a_reply_for_at_once() => SweepAsync(
        PostAsync,
        async (ground, process) =>
        {
            await PostAsync(ground, process);
            await ground.World.DeliverAsync(TurnWays.Parleys, process);
            ground.Answered = ground.World.Log.Of(ground.World.Log.Turns.Single());
        },
        (ground, _) => Assert.Equal(TurnStatus.Ended, ground.Answered!.Status),
        Posted,
        faults: [Fault.LostAfter]);

    [Fact]
    public Task A_completion_that_a_client_resumes_shows_the_rest() => SweepAsync(
        CompleteAsync,
        async (ground, process) =>
        {
            if (ground.Begun is { } turn)
            {
                var rest = await ground.World.ResumeAsync(process, turn.Id, ground.Listener!.Last);
                var text = ground.World.Log.Of(turn.Key).Text;
                Assert.Equal((text, true), (ground.Listener.Text + rest.Text, ground.Listener.IsDone || rest.IsDone));
            }
        },
        (_, turns) => Assert.All(turns, turn => Assert.Equal(1, turn.Attempt)));

    [Fact]
    public Task A_completion_that_is_cancelled_elsewhere_stays_as_the_canceller_was_told() => SweepAsync(
        CompleteAsync,
        async (ground, process) =>
        {
            if (ground.Begun is { } turn)
            {
                ground.Answered = await ground.World.CancelAsync(process, turn.Id);
            }
        },
        (ground, turns) => Assert.All(turns, turn => Assert.Equal(ground.Answered?.Text ?? turn.Text, turn.Text)));

    [Fact]
    public Task A_canceller_that_dies_leaves_a_turn_that_ends() => SweepAsync(
        async (ground, process) => ground.Answered = await ground.World.CancelAsync(process, ground.Begun!.Id),
        async (ground, process) =>
        {
            ground.Answered = await ground.World.CancelAsync(process, ground.Begun!.Id);
            await ground.Speaking!;
        },
        (ground, turns) => Assert.Equal(ground.Answered!.Text, Assert.Single(turns).Text),
        prepare: SpeakElsewhereAsync);

    [Fact]
    public Task A_listener_that_dies_changes_nothing() => SweepAsync(
        (ground, process) => ground.World.ResumeAsync(process, ground.Begun!.Id, after: 0),
        (ground, _) => ground.Speaking!,
        (_, turns) => Assert.Equal((1, null), (Assert.Single(turns).Attempt, turns[0].Error)),
        Request with { Text = "/words 4 /pace 300" },
        prepare: SpeakElsewhereAsync);

    [Fact]
    public Task An_automatic_reply_is_made_once_however_often_it_is_asked_for() => SweepAsync(
        PostAsync,
        async (ground, process) =>
        {
            await PostAsync(ground, process);
            for (var deliveries = ground.World.Run.Seed % 3; deliveries > 0; deliveries--)
            {
                await process.AutoReplies.RunAsync(QueuedReply.Of(new MessageKey(ground.World.Conversations[0], 1)), CancellationToken.None);
            }
        },
        (ground, turns) =>
        {
            Assert.Equal(1, Assert.Single(turns).Attempt);
            Assert.Single(ground.World.Log.Replies);
        },
        Posted,
        seeds: 3);

    [Fact]
    public Task A_posted_message_that_does_not_come_again_has_its_reply() => SweepAsync(
        PostAsync,
        (_, _) => Task.CompletedTask,
        (_, turns) => Assert.All(turns, turn => Assert.Null(turn.Error)),
        Posted);

    [Fact]
    public Task An_automatic_reply_whose_process_dies_ends_once() => SweepAsync(
        (ground, process) => process.AutoReplies.RunAsync(QueuedReply.Of(new MessageKey(ground.World.Conversations[0], 1)), CancellationToken.None),
        async (ground, process) =>
        {
            // The host brings the message again; here at once, for it does not matter.
            await process.AutoReplies.RunAsync(QueuedReply.Of(new MessageKey(ground.World.Conversations[0], 1)), CancellationToken.None);
        },
        (_, turns) => Assert.Equal((1, true), (Assert.Single(turns).Attempt, turns[0].Error is null or TurnError.Interrupted)),
        Posted,
        prepare: (ground) => PostAsync(ground, ground.World.Unscheduled()));

    [Fact]
    public Task A_timer_that_dies_is_made_up_for_by_the_next() => SweepAsync(
        (ground, process) => process.TurnSweep.RunAsync(CancellationToken.None),
        (_, _) => Task.CompletedTask,
        (_, turns) =>
        {
            Assert.Equal(new TurnError?[] { null, TurnError.Interrupted }, turns.Select(turn => turn.Error));
            Assert.Equal((1, "word1 word2 ", true), (turns[1].Attempt, turns[1].Text, turns[1].Reply is not null));
        },
        Request with { Text = "/words 5 /pace 900" },
        prepare: async ground =>
        {
            // One whose process died, and one that nobody was asked for, for the queue had no room.
            await SpeakElsewhereAsync(ground);
            await Task.Delay(TimeSpan.FromSeconds(1), ground.World.Run.Time);
            ground.Elsewhere!.Kill();
            await Assert.ThrowsAsync<CrashException>(() => ground.Speaking!);
            await PostAsync(ground with { Request = Posted with { Conversation = ground.World.Conversations[0] } }, ground.World.Unscheduled());
            ground.World.Queue.Take();
            await Task.Delay(TimeSpan.FromMinutes(5), ground.World.Run.Time);
        });

    private static TurnRequest Posted => new("poster", "/words 4 /pace 300", Conversation: new ConversationKey(Appends.Tenant, 1), IsKeyed: true);

    private static Task CompleteAsync(Ground ground, ParleyProcess process) =>
        ground.World.CompleteAsync(TurnWays.Parleys, process, ground.Request, (listener, turn) => (ground.Listener, ground.Begun) = (listener, turn));

    private static async Task CompleteUntilWholeAsync(Ground ground, ParleyProcess process)
    {
        for (var tries = 1; ; tries++)
        {
            var listener = await ground.World.CompleteAsync(TurnWays.Parleys, process, ground.Request);
            if (listener is { IsDone: true, Error: null })
            {
                Assert.Equal(TurnWorld.Scripted(ground.Request.Text), listener.Text);
                return;
            }

            Assert.Equal(TurnError.Interrupted, listener.Error);
            Assert.InRange(tries, 1, 3);
        }
    }

    private static Task PostAsync(Ground ground, ParleyProcess process) => ground.World.PostAsync(process, ground.Request);

    /// <summary>A process of its own speaks the turn; goes on when the turn is stored.</summary>
    private static async Task SpeakElsewhereAsync(Ground ground)
    {
        var (process, connection) = ground.World.Start("elsewhere", 7);
        var begun = new TaskCompletionSource();
        ground.Elsewhere = connection;
        ground.Speaking = ground.World.CompleteAsync(TurnWays.Parleys, process, ground.Request, (_, turn) =>
        {
            ground.Begun = turn;
            begun.SetResult();
        });
        await begun.Task;
    }

    private static async Task SweepAsync(
        Func<Ground, ParleyProcess, Task> act,
        Func<Ground, ParleyProcess, Task> recover,
        Action<Ground, IReadOnlyList<Turn>> verify,
        TurnRequest? request = null,
        Func<Ground, Task>? prepare = null,
        IReadOnlyList<Fault>? faults = null,
        int seeds = 1)
    {
        var calls = await CrashSweep.RunAsync(
            async (run, tables) =>
            {
                var ground = new Ground(new TurnWorld(run, tables), request ?? Request);
                await ground.World.BuildAsync(conversations: 1);
                await (prepare?.Invoke(ground) ?? Task.CompletedTask);
                return ground;
            },
            (ground, connection) => act(ground, ground.World.Process(connection, 1)),
            async (ground, connection) =>
            {
                var process = ground.World.Process(connection, 2);
                await recover(ground, process);
                ground.World.Run.DeliverLate();
                await ground.World.CalmAsync(TurnWays.Parleys, process);
            },
            async (ground, _) => verify(ground, await ground.World.VerifyAsync()),
            faults ?? CrashSweep.CrashesAndLateCalls,
            seeds: seeds,
            watch: ground => ground.World.Log.Note);
        Assert.True(calls > 1);
    }

    private sealed record Ground(TurnWorld World, TurnRequest Request)
    {
        /// <summary>The turn, when the client was told of it.</summary>
        public Turn? Begun { get; set; }

        public TurnListener? Listener { get; set; }

        /// <summary>What a canceller was told.</summary>
        public Turn? Answered { get; set; }

        public TableConnection? Elsewhere { get; set; }

        public Task<TurnListener>? Speaking { get; set; }
    }
}
