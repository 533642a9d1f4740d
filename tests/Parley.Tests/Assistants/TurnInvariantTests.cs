using Parley.Assistants;
using Parley.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Parley.Tests.Assistants;

/// <summary>
/// A turn ends once for each attempt, with at most one reply, of which nobody has seen a word that is not stored; whatever meets whatever, fails and dies on the way.
/// </summary>
public sealed class TurnInvariantTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Interleavings_keep_every_invariant()
    {
        var (turns, replies, again) = (new Dictionary<string, int>(StringComparer.Ordinal), 0, 0);
        await Interleaving.ExploreAsync(
            300,
            async run =>
            {
                var world = await TurnScenario.RunAsync(run, TurnWays.Parleys);
                foreach (var turn in world.Log.Turns.Select(world.Log.Of))
                {
                    var end = turn.Error is { } error ? error.Code().Code : "whole";
                    turns[end] = turns.GetValueOrDefault(end) + 1;
                    again += turn.Attempt > 1 ? 1 : 0;
                }

                replies += world.Log.Replies.Count;
            },
            TurnScenario.Start);
        output.WriteLine($"{string.Join(", ", turns.Select(end => $"{end.Key} {end.Value}"))}; {replies} replies; {again} turns were begun again.");
    }

    [Fact]
    public Task A_key_that_two_send_at_once_has_both_hear_the_same() => Interleaving.ExploreAsync(60, async run =>
    {
        var world = new TurnWorld(run, new StrictTables(run.Time));
        await world.BuildAsync(conversations: 1);
        var request = new TurnRequest("client", "/words 5 /pace 300", world.Conversations[0], IsKeyed: true);

        // Half of the runs begin with an attempt that was interrupted.
        if (run.Seed % 2 == 0)
        {
            var (process, connection) = world.Start("first", 1);
            var speaking = world.CompleteAsync(TurnWays.Parleys, process, request);
            await Task.Delay(TimeSpan.FromSeconds(1), run.Time);
            connection.Kill();
            await Assert.ThrowsAsync<CrashException>(() => speaking);
            await Task.Delay(TimeSpan.FromMinutes(5), run.Time);
            await world.Unscheduled().TurnSweep.RunAsync(CancellationToken.None);
        }

        var heard = await Task.WhenAll(Enumerable.Range(2, 3).Select(i => world.CompleteAsync(TurnWays.Parleys, world.Start($"client{i}", i).Process, request)));
        Assert.All(heard, listener => Assert.Equal((TurnWorld.Scripted(request.Text), null), (listener.Text, listener.Error)));
        await world.CalmAsync(TurnWays.Parleys, world.Unscheduled());
        await world.VerifyAsync();
    });
}
