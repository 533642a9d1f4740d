using Azure.Storage.Queues;

namespace Parley.FollowUps;

/// <summary>Where follow-ups wait for their second.</summary>
public interface IFollowUpQueue
{
    /// <summary>Asks for a chunk to be sent.</summary>
    /// <param name="chunk">The rows.</param>
    /// <param name="delay">From now.</param>
    /// <param name="cancellation">Ends the call.</param>
    Task SendAsync(DueChunk chunk, TimeSpan delay, CancellationToken cancellation);
}

/// <summary>The queue <c>follow-ups</c>.</summary>
public sealed class FollowUpQueue(QueueServiceClient service) : IFollowUpQueue
{
    /// <summary>Its name.</summary>
    public const string Name = "follow-ups";

    /// <summary>The longest that the Queue service hides a message is a week ("Put Message", Queue service REST reference), less than its time to live.</summary>
    private static readonly TimeSpan MaxDelay = TimeSpan.FromDays(6);

    private readonly QueueClient queue = service.GetQueueClient(Name);

    /// <summary>Creates it, unless it is there.</summary>
    public Task CreateIfNotExistsAsync(CancellationToken cancellation) => queue.CreateIfNotExistsAsync(cancellationToken: cancellation);

    /// <inheritdoc/>
    public Task SendAsync(DueChunk chunk, TimeSpan delay, CancellationToken cancellation)
    {
        // The service counts in whole seconds. What comes less than one too early is waited for, so that looking for it costs no time.
        var seconds = Math.Clamp(Math.Floor(delay.TotalSeconds), 0, MaxDelay.TotalSeconds);
        return queue.SendMessageAsync(chunk.ToJson(), visibilityTimeout: TimeSpan.FromSeconds(seconds), cancellationToken: cancellation);
    }
}
