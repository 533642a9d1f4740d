using Parley.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Parley.Tests.Conversations.FollowUps;

/// <summary>
/// A follow-up is sent at most once, never before its time by the sender's clock, never after a customer's message or a
/// hand-off, and eventually whenever it is due: under any interleaving, with faults and crashes.
/// </summary>
public sealed class FollowUpInvariantTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Interleavings_keep_every_invariant()
    {
        var (sent, givenUp) = (0, 0);
        await Interleaving.ExploreAsync(
            10_000,
            async run =>
            {
                var model = await FollowUpScenario.RunAsync(run, FollowUpOperations.Production);
                (sent, givenUp) = (sent + model.Sent, givenUp + model.GivenUp);
            },
            FollowUpScenario.Start);
        output.WriteLine($"{sent} follow-ups were sent, {givenUp} given up after five failures.");
    }
}
