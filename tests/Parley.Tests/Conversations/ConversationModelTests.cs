using Parley.Testing;
using Xunit;

namespace Parley.Tests.Conversations;

/// <summary>
/// One conversation, one process, random requests: whatever they were, every way to read shows what a model in memory says. Seeds
/// are played and named as those of interleavings are.
/// </summary>
public sealed class ConversationModelTests
{
    [Fact]
    public async Task Sequences_of_requests_read_as_the_model_says() =>
        await Parallel.ForEachAsync(Interleaving.Seeds(10_000), async (seed, _) => await new ConversationSequence(seed).RunAsync());
}
