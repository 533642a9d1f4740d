using Parley.Assistants.Completions;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Assistants.Completions;

/// <summary>
/// All followers of one completion in a process share one source of states, and each of them receives the end.
/// </summary>
public sealed class CompletionFollowerTests
{
    private const int Followers = 150;
    private static readonly CompletionRequest Request = new("client", "/words 10 /pace 900", Conversation: null, IsKeyed: true);

    [Fact]
    public async Task Followers_in_another_process_share_one_poll()
    {
        var reads = 0;
        await RunAsync(1, async (model, producing, completion) =>
        {
            var (other, began) = (Reading(model, () => reads++), model.Run.Time.GetUtcNow());
            var followed = await Task.WhenAll(Enumerable.Range(0, Followers).Select(_ => ReadAsync(other, completion, CancellationToken.None)));
            await producing;

            Assert.All(followed, states => Assert.Equal((CompletionStatus.Ended, CompletionModel.Scripted(Request.Text)), (states[^1].Status, states[^1].Text)));
            Assert.InRange(reads, 10, (model.Run.Time.GetUtcNow() - began) / CompletionFollower.Interval + 1);
        });
    }

    [Fact]
    public Task Followers_in_the_producing_process_read_nothing() => Interleaving.RunAsync(1, async run =>
    {
        var reads = 0;
        var model = new CompletionModel(run, new StrictTables(run.Time));
        await model.BuildAsync(conversations: 1);
        var process = Reading(model, () => reads++);
        var started = await process.CompletionCommands.StartAsync(CompletionModel.Chatbot, null, Request.Draft, null, CancellationToken.None);
        var produced = started.Run!();
        var readBefore = reads;
        var followed = await Task.WhenAll(Enumerable.Range(0, Followers).Select(_ => ReadAsync(process, started.Completion, CancellationToken.None)));
        await produced.Result;

        Assert.All(followed, states => Assert.Equal((CompletionStatus.Ended, CompletionModel.Scripted(Request.Text)), (states[^1].Status, states[^1].Text)));

        // The prompt and the end read rows too, however many followers there are.
        Assert.InRange(reads - readBefore, 0, 3);
    });

    [Fact]
    public async Task The_poll_stops_with_the_last_follower_and_begins_again_with_the_next()
    {
        var reads = 0;
        await RunAsync(1, async (model, producing, completion) =>
        {
            var other = Reading(model, () => reads++);
            using var leaving = new CancellationTokenSource(TimeSpan.FromSeconds(1), model.Run.Time);
            var gone = ReadAsync(other, completion, leaving.Token);
            var stays = ReadAsync(other, completion, CancellationToken.None, states: 4);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
            Assert.Equal(4, (await stays).Count);

            var left = reads;
            await Task.Delay(TimeSpan.FromSeconds(3), model.Run.Time);
            Assert.Equal(left, reads);
            Assert.False(producing.IsCompleted);

            var late = await ReadAsync(other, completion, CancellationToken.None);
            await producing;
            Assert.Equal(CompletionModel.Scripted(Request.Text), late[^1].Text);
            Assert.True(reads > left);
        });
    }

    [Fact]
    public Task A_follower_that_joins_late_receives_the_current_state_first() => RunAsync(1, async (model, producing, begun) =>
    {
        var other = model.Unscheduled();
        var early = ReadAsync(other, begun, CancellationToken.None);
        await Task.Delay(TimeSpan.FromSeconds(4), model.Run.Time);
        var current = model.Log.Of(begun.Key);
        Assert.NotEmpty(current.Text);

        var late = await ReadAsync(other, current, CancellationToken.None);
        Assert.Equal((current.Text, CompletionStatus.Ended), (late[0].Text, late[^1].Status));

        // An outdated state is followed by later ones only.
        Assert.Equal(late[^1].Text, (await ReadAsync(other, begun, CancellationToken.None))[^1].Text);
        Assert.Equal(late[^1].Text, (await early)[^1].Text);
        await producing;
    });

    [Theory]
    [InlineData(20, true)]
    [InlineData(60, false)]
    public async Task A_failed_read_is_repeated_until_the_outage_is_long(int seconds, bool isSurvived)
    {
        var down = false;
        var slow = Request with { Text = "/words 40 /pace 2500" };
        await RunAsync(1, async (model, producing, completion) =>
        {
            var other = model.Process(
                model.Connect("other", new TableHooks { Fault = call => down ? Fault.Unanswered[0] : Fault.None }), seed: 7);
            var following = Task.WhenAll(Enumerable.Range(0, 3).Select(_ => ReadAsync(other, completion, CancellationToken.None)));
            await Task.Delay(TimeSpan.FromSeconds(3), model.Run.Time);
            down = true;
            await Task.Delay(TimeSpan.FromSeconds(seconds), model.Run.Time);
            down = false;
            if (isSurvived)
            {
                Assert.All(await following, states => Assert.Null(states[^1].Error));
                Assert.Equal((CompletionStatus.Ended, null), (model.Log.Of(completion.Key).Status, model.Log.Of(completion.Key).Error));
            }
            else
            {
                await Assert.ThrowsAnyAsync<Exception>(() => following);
            }

            await producing;
        }, slow);
    }

    [Fact]
    public Task A_dead_producer_is_noticed_once() => Interleaving.RunAsync(1, async run =>
    {
        var ends = 0;
        var model = new CompletionModel(run, new StrictTables(run.Time));
        await model.BuildAsync(conversations: 1);
        var (dying, connection) = model.Start("dying", 2);
        var begun = new TaskCompletionSource<Completion>();
        var producing = model.CompleteAsync(CompletionOperations.Production, dying, Request, (_, one) => begun.SetResult(one));
        var completion = await begun.Task;
        await Task.Delay(TimeSpan.FromSeconds(2), run.Time);
        connection.Kill();
        await Assert.ThrowsAsync<CrashException>(() => producing);

        var other = model.Process(
            model.Connect("other", new TableHooks { Before = (call, _) => Count(call.IsWrite && call.Table == "Conversations" && call.RowKeys.Contains(CompletionRowKeys.Completion(1)), () => ends++) }), seed: 7);
        var followed = await Task.WhenAll(Enumerable.Range(0, Followers).Select(_ => ReadAsync(other, completion, CancellationToken.None)));

        Assert.All(followed, states => Assert.Equal(CompletionError.Interrupted, states[^1].Error));
        Assert.Equal(1, ends);
    });

    /// <summary>Between the end of an attempt and the removal of its feed, a client may join the next attempt.</summary>
    [Fact]
    public Task A_feed_that_a_follower_of_the_next_attempt_has_joined_is_not_removed() => RunAsync(1, async (model, producing, begun) =>
    {
        await producing;
        var ended = model.Log.Of(begun.Key);
        var follower = model.Unscheduled().CompletionFollower;
        var feed = follower.Join(begun);
        feed.Offer(ended);
        Assert.Same(feed, follower.Join(begun with { Attempt = ended.Attempt + 1 }));

        Assert.False(follower.TryRemove(feed));
        Assert.Same(feed, follower.Join(begun));
        feed.Offer(ended with { Attempt = ended.Attempt + 1 });
        Assert.True(follower.TryRemove(feed));
        Assert.False(follower.TryRemove(feed));
    });

    /// <summary>The trace of a request is in its execution context. A shared poll belongs to no request.</summary>
    [Fact]
    public Task A_poll_has_not_the_context_of_the_first_follower() => RunAsync(1, async (model, producing, begun) =>
    {
        var request = new AsyncLocal<string?>();
        var contexts = new List<string?>();
        var other = Reading(model, () => contexts.Add(request.Value));
        await FollowAsync();
        await producing;

        Assert.All(contexts, Assert.Null);
        Assert.NotEmpty(contexts);

        async Task FollowAsync()
        {
            request.Value = "the first";
            await ReadAsync(other, begun, CancellationToken.None);
            Assert.Equal("the first", request.Value);
        }
    });

    /// <summary>Followers join, leave and come back while producers stall, die and begin again.</summary>
    [Fact]
    public Task Interleavings_give_every_follower_the_end_and_no_earlier_state() => Interleaving.ExploreAsync(60, async run =>
    {
        var random = new Random(run.Seed);
        run.CallTime = TimeSpan.FromMilliseconds(random.Next(3) * 100);
        var model = new CompletionModel(run, new StrictTables(run.Time));
        await model.BuildAsync(conversations: 1);
        var request = Request with { Text = $"/words {3 + random.Next(6)} /pace {300 + random.Next(900)}" };
        var (first, connection) = model.Start("first", 1);
        var begun = new TaskCompletionSource<Completion>();
        var producing = model.CompleteAsync(CompletionOperations.Production, first, request, (_, one) => begun.SetResult(one));
        var completion = await begun.Task;
        ParleyProcess[] processes = [first, model.Start("second", 2).Process, model.Start("third", 3).Process];
        var dies = random.Next(3) == 0;
        var following = Enumerable.Range(0, 12).Select(_ => FollowSomeAsync(dies ? processes[1 + random.Next(2)] : processes[random.Next(3)])).ToList();
        if (dies)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(2500)), run.Time);
            connection.Kill();
            await Record.ExceptionAsync(() => producing);
            await model.CompleteAsync(CompletionOperations.Production, processes[1], request);
            await model.CompleteAsync(CompletionOperations.Production, processes[2], request);
        }

        await Task.WhenAll([.. following, .. dies ? Array.Empty<Task>() : [producing]]);
        await model.ReachQuiescenceAsync(CompletionOperations.Production, model.Unscheduled());
        await model.VerifyAsync();

        async Task FollowSomeAsync(ParleyProcess process)
        {
            var (wait, stay) = (random.Next(3000), random.Next(2) == 0 ? random.Next(4000) : -1);
            await Task.Delay(TimeSpan.FromMilliseconds(wait), run.Time);
            var current = await process.CompletionStore.GetAsync(completion.Key.Conversation.Tenant, $"{completion.Id}", CancellationToken.None);
            var states = new List<Completion>();
            using var leaving = stay < 0 ? new CancellationTokenSource() : new CancellationTokenSource(TimeSpan.FromMilliseconds(stay), run.Time);
            try
            {
                await foreach (var state in process.CompletionFollower.FollowAsync(random.Next(2) == 0 ? current : completion, process.Time.GetTimestamp(), leaving.Token))
                {
                    states.Add(state);
                }

                Assert.Equal(CompletionStatus.Ended, states[^1].Status);
            }
            catch (OperationCanceledException) when (leaving.IsCancellationRequested)
            {
                // This follower has left: the others must not notice.
            }

            Assert.All(states.Zip(states.Skip(1)), pair => Assert.True(CompletionFeed.IsLater(pair.Second, pair.First)));
        }
    });

    private static ParleyProcess Reading(CompletionModel model, Action read) =>
        model.Process(model.Connect("other", new TableHooks { Before = (call, _) => Count(!call.IsWrite, read) }), seed: 7);

    private static ValueTask Count(bool isCounted, Action count)
    {
        if (isCounted)
        {
            count();
        }

        return ValueTask.CompletedTask;
    }

    private static async Task<List<Completion>> ReadAsync(ParleyProcess process, Completion completion, CancellationToken cancellation, int states = int.MaxValue) =>
        await process.CompletionFollower.FollowAsync(completion, process.Time.GetTimestamp(), cancellation).Take(states).ToListAsync(CancellationToken.None);

    private static Task<Simulation> RunAsync(int seed, Func<CompletionModel, Task<CompletionListener>, Completion, Task> act, CompletionRequest? request = null) =>
        Interleaving.RunAsync(seed, async run =>
        {
            var model = new CompletionModel(run, new StrictTables(run.Time));
            await model.BuildAsync(conversations: 1);
            var begun = new TaskCompletionSource<Completion>();
            var producing = model.CompleteAsync(CompletionOperations.Production, model.Start("producing", 1).Process, request ?? Request, (_, completion) => begun.SetResult(completion));
            await act(model, producing, await begun.Task);
            await model.ReachQuiescenceAsync(CompletionOperations.Production, model.Unscheduled());
            await model.VerifyAsync();
        });
}
