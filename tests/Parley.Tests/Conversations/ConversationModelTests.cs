using Parley.Testing;
using Xunit;

namespace Parley.Tests.Conversations;

/// <summary>
/// One conversation, one process and random requests: every read path returns the state of a model in memory. Seeds are
/// replayed and reported like those of interleavings.
/// </summary>
public sealed class ConversationModelTests
{
    [Fact]
    public async Task Every_read_path_agrees_with_the_model_after_any_sequence_of_requests() =>
        await Parallel.ForEachAsync(Interleaving.Seeds(10_000), async (seed, _) => await new ConversationSequence(seed).RunAsync());
}
