using Parley.Assistants.Completions;
using Parley.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Parley.Tests.Assistants.Completions;

/// <summary>
/// A turn ends once for each attempt, with at most one reply, of which nobody has seen a word that is not stored; whatever meets whatever, fails and dies on the way.
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
                var model = await CompletionScenario.RunAsync(run, CompletionWays.Parleys);
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
    public Task A_key_that_two_send_at_once_has_both_hear_the_same() => Interleaving.ExploreAsync(60, async run =>
    {
        var model = new CompletionModel(run, new StrictTables(run.Time));
        await model.BuildAsync(conversations: 1);
        var request = new CompletionRequest("client", "/words 5 /pace 300", model.Conversations[0], IsKeyed: true);

        // Half of the runs begin with an attempt that was interrupted.
        if (run.Seed % 2 == 0)
        {
            var (process, connection) = model.Start("first", 1);
            var speaking = model.CompleteAsync(CompletionWays.Parleys, process, request);
            await Task.Delay(TimeSpan.FromSeconds(1), run.Time);
            connection.Kill();
            await Assert.ThrowsAsync<CrashException>(() => speaking);
            await Task.Delay(TimeSpan.FromMinutes(5), run.Time);
            await model.Unscheduled().CompletionRecovery.RunAsync(CancellationToken.None);
        }

        var heard = await Task.WhenAll(Enumerable.Range(2, 3).Select(i => model.CompleteAsync(CompletionWays.Parleys, model.Start($"client{i}", i).Process, request)));
        Assert.All(heard, listener => Assert.Equal((CompletionModel.Scripted(request.Text), null), (listener.Text, listener.Error)));
        await model.ReachQuiescenceAsync(CompletionWays.Parleys, model.Unscheduled());
        await model.VerifyAsync();
    });
}
