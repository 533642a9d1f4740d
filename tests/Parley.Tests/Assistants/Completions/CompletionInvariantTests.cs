using Parley.Assistants.Completions;
using Parley.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Parley.Tests.Assistants.Completions;

/// <summary>
/// A completion ends once for each attempt, with at most one reply, and no client has received text that is not stored:
/// under any interleaving, with faults and crashes.
/// </summary>
public sealed class CompletionInvariantTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Interleavings_keep_every_invariant()
    {
        var (completions, replies, again) = (new Dictionary<string, int>(StringComparer.Ordinal), 0, 0);
        await Interleaving.ExploreAsync(
            300,
            async run =>
            {
                var model = await CompletionScenario.RunAsync(run, CompletionOperations.Production);
                foreach (var completion in model.Log.Completions.Select(model.Log.Of))
                {
                    var end = completion.Error is { } error ? error.Code().Code : "whole";
                    completions[end] = completions.GetValueOrDefault(end) + 1;
                    again += completion.Attempt > 1 ? 1 : 0;
                }

                replies += model.Log.Replies.Count;
            },
            CompletionScenario.Start);
        output.WriteLine($"{string.Join(", ", completions.Select(end => $"{end.Key} {end.Value}"))}; {replies} replies; {again} completions were begun again.");
    }

    [Fact]
    public Task Concurrent_requests_under_one_key_receive_the_same_text() => Interleaving.ExploreAsync(60, async run =>
    {
        var model = new CompletionModel(run, new StrictTables(run.Time));
        await model.BuildAsync(conversations: 1);
        var request = new CompletionRequest("client", "/words 5 /pace 300", model.Conversations[0], IsKeyed: true);

        // Half of the runs begin with an interrupted attempt.
        if (run.Seed % 2 == 0)
        {
            var (process, connection) = model.Start("first", 1);
            var producing = model.CompleteAsync(CompletionOperations.Production, process, request);
            await Task.Delay(TimeSpan.FromSeconds(1), run.Time);
            connection.Kill();
            await Assert.ThrowsAsync<CrashException>(() => producing);
            await Task.Delay(TimeSpan.FromMinutes(5), run.Time);
            await model.Unscheduled().CompletionRecovery.RunAsync(CancellationToken.None);
        }

        var listeners = await Task.WhenAll(Enumerable.Range(2, 3).Select(i => model.CompleteAsync(CompletionOperations.Production, model.Start($"client{i}", i).Process, request)));
        Assert.All(listeners, listener => Assert.Equal((CompletionModel.Scripted(request.Text), null), (listener.Text, listener.Error)));
        await model.ReachQuiescenceAsync(CompletionOperations.Production, model.Unscheduled());
        await model.VerifyAsync();
    });
}
