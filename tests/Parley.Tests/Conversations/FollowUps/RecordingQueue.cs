using Azure;
using Parley.Conversations.FollowUps;
using Parley.Storage;

namespace Parley.Tests.Conversations.FollowUps;

/// <summary>Records the messages that it receives, or refuses them.</summary>
internal sealed class RecordingQueue : IWorkQueue<FollowUpChunk>
{
    public List<(FollowUpChunk Chunk, TimeSpan Delay)> Sent { get; } = [];

    public bool Refuses { get; set; }

    public Task SendAsync(FollowUpChunk chunk, TimeSpan delay, CancellationToken cancellation)
    {
        if (Refuses)
        {
            throw new RequestFailedException(503, "The queue is busy.");
        }

        Sent.Add((chunk, delay));
        return Task.CompletedTask;
    }
}
