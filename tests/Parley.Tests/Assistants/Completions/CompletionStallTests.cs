using Parley.Assistants.Completions;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Assistants.Completions;

/// <summary>Who speaks, but whose storage calls take so long that others take it for dead, or nearly so.</summary>
public sealed class CompletionStallTests
{
    private static readonly CompletionRequest Request = new("client", "/words 5 /pace 300", Conversation: null, IsKeyed: true);

    /// <summary>Within the time that one call is given, and that whoever watches waits.</summary>
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(9);

    /// <summary>More than one call is given.</summary>
    private static readonly TimeSpan TooLong = TimeSpan.FromSeconds(11);

    [Fact]
    public Task A_turn_that_a_canceller_has_ended_is_left_alone() => RunAsync(StallOnce, async (model, speaking, completion) =>
    {
        await Task.Delay(TimeSpan.FromSeconds(1), model.Run.Time);
        var cancelled = await model.CancelAsync(model.Start("canceller", 2).Process, completion.Id);
        Assert.Equal((CompletionError.Cancelled, "word1 word2 "), (cancelled.Error, cancelled.Text));
        Assert.Equal((CompletionError.Cancelled, "word1 word2 "), ((await speaking).Error, (await speaking).Text));
        Assert.Single(model.Log.Replies);
    });

    [Fact]
    public Task A_turn_that_was_begun_again_is_left_alone_and_whoever_listens_is_told() => RunAsync(StallOnce, async (model, speaking, completion) =>
    {
        await Task.Delay(TimeSpan.FromSeconds(1), model.Run.Time);
        var other = model.Start("other", 2).Process;
        Assert.Equal(CompletionError.Interrupted, (await model.CompleteAsync(CompletionWays.Parleys, other, Request)).Error);
        var again = await model.CompleteAsync(CompletionWays.Parleys, other, Request);
        Assert.Equal((CompletionModel.Scripted(Request.Text), null), (again.Text, again.Error));
        Assert.Equal((CompletionError.Interrupted, "word1 word2 "), ((await speaking).Error, (await speaking).Text));
        Assert.Equal((2, 2), (model.Log.Of(completion.Key).Attempt, model.Log.Replies.Count));
    });

    [Fact]
    public Task A_turn_of_which_each_write_takes_long_is_not_taken_for_dead() => RunAsync(
        () => call => call.Kind == TableCallKind.UpdateMerge ? Long : TimeSpan.Zero,
        async (model, speaking, completion) =>
        {
            model.Log.LiveOnesEndThemselves = true;
            var follower = await model.ResumeAsync(model.Start("follower", 2).Process, completion.Id, after: 0);
            Assert.Equal((CompletionModel.Scripted(Request.Text), null), (follower.Text, follower.Error));
            Assert.Equal(follower.Text, (await speaking).Text);
        });

    [Fact]
    public Task A_timer_whose_clock_is_ahead_leaves_alone_who_speaks() => RunAsync(
        () => _ => TimeSpan.Zero,
        async (model, speaking, _) =>
        {
            model.Log.LiveOnesEndThemselves = true;
            var (timer, _) = model.Start("timer", 2, TimeSpan.FromMinutes(5));
            while (!speaking.IsCompleted)
            {
                await timer.CompletionRecovery.RunAsync(CancellationToken.None);
            }

            Assert.Null((await speaking).Error);
        },
        Request with { Text = "/words 10 /pace 2500" });

    /// <summary>The third write of what is said never comes, and the look at what became of it comes late.</summary>
    private static Func<TableCall, TimeSpan> StallOnce()
    {
        var writes = 0;
        return call => call.Kind switch
        {
            TableCallKind.UpdateMerge => ++writes == 3 ? TooLong : TimeSpan.Zero,
            TableCallKind.Get => writes == 3 ? Long : TimeSpan.Zero,
            _ => TimeSpan.Zero,
        };
    }

    private static Task<Simulation> RunAsync(Func<Func<TableCall, TimeSpan>> pauses, Func<CompletionModel, Task<CompletionListener>, Completion, Task> act, CompletionRequest? request = null) =>
        Interleaving.RunAsync(1, async run =>
        {
            var model = new CompletionModel(run, new StrictTables(run.Time));
            await model.BuildAsync(conversations: 1);
            var begun = new TaskCompletionSource<Completion>();
            var speaking = model.CompleteAsync(CompletionWays.Parleys, model.StartSlow("slow", 1, pauses()), request ?? Request, (_, completion) => begun.SetResult(completion));
            await act(model, speaking, await begun.Task);
            await speaking;
            await model.ReachQuiescenceAsync(CompletionWays.Parleys, model.Unscheduled());
            await model.VerifyAsync();
        });
}
