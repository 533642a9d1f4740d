using System.Collections.Concurrent;
using Parley.Conversations.FollowUps;
using Parley.Storage;

namespace Parley.Benchmarks;

/// <summary>A queue that nobody reads: what is sent to it waits for the measure.</summary>
internal sealed class KeptQueue : IWorkQueue<FollowUpChunk>
{
    private readonly ConcurrentQueue<FollowUpChunk> chunks = new();

    /// <summary>The only message since the last time.</summary>
    public FollowUpChunk TakeOnly()
    {
        FollowUpChunk[] taken = [.. chunks];
        chunks.Clear();
        return taken is [var only] ? only : throw new BenchmarkException($"{taken.Length} messages were queued, not one.");
    }

    public Task SendAsync(FollowUpChunk chunk, TimeSpan delay, CancellationToken cancellation)
    {
        chunks.Enqueue(chunk);
        return Task.CompletedTask;
    }
}
