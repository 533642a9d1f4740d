using Azure.Storage.Queues;
using Parley.Core;

namespace Parley.Storage;

/// <summary>
/// A message of a queue: a pointer to rows, without content. It may arrive twice, late, early or never, so the rows
/// determine the remaining work, and a timer enqueues lost messages again.
/// </summary>
public interface IWorkMessage<TSelf>
    where TSelf : IWorkMessage<TSelf>
{
    /// <summary>The queues that messages of this type are sent to.</summary>
    static abstract IReadOnlyList<string> QueueNames { get; }

    /// <summary>
    /// True if the receiver can wait when a message arrives up to a second early; false if it would only enqueue the
    /// message again.
    /// </summary>
    static virtual bool MayArriveEarly => false;

    string QueueName { get; }

    /// <summary>
    /// The tenant whose work it is; null when the message names none. Messages of deleted tenants are dropped.
    /// </summary>
    TenantId? Owner { get; }

    /// <summary>The text of the message: JSON.</summary>
    string ToJson();

    /// <summary>Parses a text of <see cref="ToJson"/>, of this version or an older one.</summary>
    /// <exception cref="System.Text.Json.JsonException">The text is no message of this type.</exception>
    static abstract TSelf Parse(string json);
}

/// <summary>Enqueues messages. Tests replace it with queues that lose, repeat and reorder messages.</summary>
public interface IWorkQueue<in T>
{
    /// <summary>Enqueues a message that becomes visible after a delay.</summary>
    Task SendAsync(T message, TimeSpan delay, CancellationToken cancellation);
}

/// <summary>The queues of Queue Storage for one type of messages.</summary>
public sealed class WorkQueue<T>(QueueServiceClient service, TimeProvider time) : IWorkQueue<T>, IStorageResource
    where T : IWorkMessage<T>
{
    private readonly Dictionary<string, QueueClient> queues =
        T.QueueNames.ToDictionary(name => name, service.GetQueueClient);

    /// <inheritdoc/>
    public Task CreateIfNotExistsAsync(CancellationToken cancellation) =>
        Task.WhenAll(queues.Values.Select(queue => queue.CreateIfNotExistsAsync(cancellationToken: cancellation)));

    /// <inheritdoc/>
    public Task SendAsync(T message, TimeSpan delay, CancellationToken cancellation)
    {
        var hidden = VisibilityTimeout(delay);
        var text = MessageOrigin.Add(message.ToJson(), Telemetry.Context, time.GetUtcNow() + hidden);
        return queues[message.QueueName].SendMessageAsync(
            text, visibilityTimeout: hidden, cancellationToken: cancellation);
    }

    /// <summary>
    /// The service accepts whole seconds. A message that must not arrive early is delayed by up to a second more.
    /// </summary>
    internal static TimeSpan VisibilityTimeout(TimeSpan delay)
    {
        var seconds = T.MayArriveEarly ? Math.Floor(delay.TotalSeconds) : Math.Ceiling(delay.TotalSeconds);
        return TimeSpan.FromSeconds(Math.Max(0, seconds));
    }
}
