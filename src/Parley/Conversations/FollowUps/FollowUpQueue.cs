using Azure.Storage.Queues;

namespace Parley.Conversations.FollowUps;

/// <summary>Where follow-ups wait for their second.</summary>
public interface IFollowUpQueue
{
    /// <summary>Asks for a chunk to be sent.</summary>
    /// <param name="chunk">The rows.</param>
    /// <param name="delay">From now.</param>
    /// <param name="cancellation">Ends the call.</param>
    Task SendAsync(FollowUpChunk chunk, TimeSpan delay, CancellationToken cancellation);
}

/// <summary>The queue <c>follow-ups</c>.</summary>
public sealed class FollowUpQueue(QueueServiceClient service) : IFollowUpQueue
{
    /// <summary>Its name.</summary>
    public const string Name = "follow-ups";

    private readonly QueueClient queue = service.GetQueueClient(Name);

    /// <summary>Creates it, unless it is there.</summary>
    public Task CreateIfNotExistsAsync(CancellationToken cancellation) => queue.CreateIfNotExistsAsync(cancellationToken: cancellation);

    /// <inheritdoc/>
    public Task SendAsync(FollowUpChunk chunk, TimeSpan delay, CancellationToken cancellation)
    {
        // The service counts in whole seconds. What comes a little too early is waited for, so that looking for it costs no time.
        var seconds = Math.Max(0, Math.Floor(delay.TotalSeconds));
        return queue.SendMessageAsync(chunk.ToJson(), visibilityTimeout: TimeSpan.FromSeconds(seconds), cancellationToken: cancellation);
    }
}
