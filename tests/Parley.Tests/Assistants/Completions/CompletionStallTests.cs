using Parley.Assistants.Completions;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Assistants.Completions;

/// <summary>
/// A producer that is alive, but whose storage calls are so slow that other processes consider it dead, or almost.
/// </summary>
public sealed class CompletionStallTests
{
    private static readonly CompletionRequest Request = new("client", "/words 5 /pace 300", Conversation: null, IsKeyed: true);

    /// <summary>
    /// Within the time limit of one call, and within the time that a follower waits for a change of the row.
    /// </summary>
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(9);

    /// <summary>Longer than the time limit of one call.</summary>
    private static readonly TimeSpan TooLong = TimeSpan.FromSeconds(11);

    [Fact]
    public Task A_producer_does_not_overwrite_a_cancelled_completion() => RunAsync(StallOnce, async (model, producing, completion) =>
    {
        await Task.Delay(TimeSpan.FromSeconds(1), model.Run.Time);
        var cancelled = await model.CancelAsync(model.Start("canceller", 2).Process, completion.Id);
        Assert.Equal((CompletionError.Cancelled, "word1 word2 "), (cancelled.Error, cancelled.Text));
        Assert.Equal((CompletionError.Cancelled, "word1 word2 "), ((await producing).Error, (await producing).Text));
        Assert.Single(model.Log.Replies);
    });

    [Fact]
    public Task A_producer_does_not_overwrite_a_newer_attempt_and_its_reader_receives_the_interruption() => RunAsync(StallOnce, async (model, producing, completion) =>
    {
        await Task.Delay(TimeSpan.FromSeconds(1), model.Run.Time);
        var other = model.Start("other", 2).Process;
        Assert.Equal(CompletionError.Interrupted, (await model.CompleteAsync(CompletionOperations.Production, other, Request)).Error);
        var again = await model.CompleteAsync(CompletionOperations.Production, other, Request);
        Assert.Equal((CompletionModel.Scripted(Request.Text), null), (again.Text, again.Error));
        Assert.Equal((CompletionError.Interrupted, "word1 word2 "), ((await producing).Error, (await producing).Text));
        Assert.Equal((2, 2), (model.Log.Of(completion.Key).Attempt, model.Log.Replies.Count));
    });

    [Fact]
    public Task A_completion_with_slow_writes_is_not_considered_dead() => RunAsync(
        () => call => call.Kind == TableCallKind.UpdateMerge || IsEvent(call) ? Long : TimeSpan.Zero,
        async (model, producing, completion) =>
        {
            model.Log.LiveProducersEndTheirCompletions = true;
            var follower = await model.ResumeAsync(model.Start("follower", 2).Process, completion.Id, after: 0);
            Assert.Equal((CompletionModel.Scripted(Request.Text), null), (follower.Text, follower.Error));
            Assert.Equal(follower.Text, (await producing).Text);
        });

    [Fact]
    public Task A_timer_whose_clock_is_ahead_does_not_end_a_live_completion() => RunAsync(
        () => _ => TimeSpan.Zero,
        async (model, producing, _) =>
        {
            model.Log.LiveProducersEndTheirCompletions = true;
            var (timer, _) = model.Start("timer", 2, TimeSpan.FromMinutes(5));
            while (!producing.IsCompleted)
            {
                await timer.CompletionRecovery.RunAsync(CancellationToken.None);
            }

            Assert.Null((await producing).Error);
        },
        Request with { Text = "/words 10 /pace 2500" });

    /// <summary>The third write of text never arrives, and the read that checks its outcome is slow.</summary>
    private static Func<TableCall, TimeSpan> StallOnce()
    {
        var writes = 0;
        return call => call.Kind switch
        {
            _ when IsEvent(call) => ++writes == 3 ? TooLong : TimeSpan.Zero,
            TableCallKind.Query => writes == 3 ? Long : TimeSpan.Zero,
            _ => TimeSpan.Zero,
        };
    }

    private static bool IsEvent(TableCall call) => call.Kind == TableCallKind.Transaction && call.RowKeys.Any(CompletionLog.IsChunk);

    private static Task<Simulation> RunAsync(Func<Func<TableCall, TimeSpan>> pauses, Func<CompletionModel, Task<CompletionListener>, Completion, Task> act, CompletionRequest? request = null) =>
        Interleaving.RunAsync(1, async run =>
        {
            var model = new CompletionModel(run, new StrictTables(run.Time));
            await model.BuildAsync(conversations: 1);
            var begun = new TaskCompletionSource<Completion>();
            var producing = model.CompleteAsync(CompletionOperations.Production, model.StartSlow("slow", 1, pauses()), request ?? Request, (_, completion) => begun.SetResult(completion));
            await act(model, producing, await begun.Task);
            await producing;
            await model.ReachQuiescenceAsync(CompletionOperations.Production, model.Unscheduled());
            await model.VerifyAsync();
        });
}
