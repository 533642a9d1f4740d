using System.Globalization;
using Xunit;

namespace Parley.Tests.Invariants;

/// <summary>
/// One conversation, one process, random requests: whatever they were, every way to read shows what a model in memory says. PARLEY_SEED
/// and PARLEY_RUNS work as for interleavings.
/// </summary>
public sealed class ConversationModelTests
{
    [Fact]
    public async Task Ten_thousand_sequences_of_requests_read_as_the_model_says()
    {
        var seeds = Setting("PARLEY_SEED") is { } only ? [only] : Enumerable.Range(1, Setting("PARLEY_RUNS") ?? 10_000);
        await Parallel.ForEachAsync(seeds, async (seed, _) => await new ConversationSequence(seed).RunAsync());
    }

    private static int? Setting(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : null;
}
