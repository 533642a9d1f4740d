using Parley.Testing.QueueService;

namespace Parley.Testing;

/// <summary>
/// A Queue service in memory: the data of one account. <see cref="StorageServer"/> serves it to the real client.
/// </summary>
/// <param name="time">Sets the times of messages.</param>
public sealed class StrictQueues(TimeProvider time)
{
    private readonly Dictionary<string, Queue> queues = new(StringComparer.Ordinal);
    private readonly Lock gate = new();

    internal QueueResponse Execute(QueueRequest request)
    {
        lock (gate)
        {
            return request.Operation switch
            {
                QueueOperation.ListQueues => List(request),
                QueueOperation.GetServiceProperties => new QueueResponse(200),
                QueueOperation.CreateQueue => Create(request),
                _ => queues.TryGetValue(request.Queue, out var queue) ? Execute(request, queue) : QueueResponse.Refuse(QueueError.QueueNotFound),
            };
        }
    }

    private QueueResponse Execute(QueueRequest request, Queue queue)
    {
        switch (request.Operation)
        {
            case QueueOperation.DeleteQueue:
                queues.Remove(request.Queue);
                return new QueueResponse(204);
            case QueueOperation.GetProperties:
                return new QueueResponse(200) { Metadata = queue.Metadata, ApproximateCount = queue.Count(time.GetUtcNow()) };
            case QueueOperation.SetMetadata:
                queue.Metadata = request.Metadata;
                return new QueueResponse(204);
            default:
                return queue.Execute(request, time.GetUtcNow());
        }
    }

    /// <summary>"Create Queue": a queue that exists with the same metadata is no error.</summary>
    private QueueResponse Create(QueueRequest request)
    {
        if (!QueueRules.IsName(request.Queue))
        {
            return QueueResponse.Refuse(QueueError.InvalidResourceName);
        }

        if (!queues.TryGetValue(request.Queue, out var queue))
        {
            queues.Add(request.Queue, new Queue { Metadata = request.Metadata });
            return new QueueResponse(201);
        }

        var isSame = queue.Metadata.Count == request.Metadata.Count
            && queue.Metadata.All(each => request.Metadata.TryGetValue(each.Key, out var value) && value == each.Value);
        return isSame ? new QueueResponse(204) : QueueResponse.Refuse(QueueError.QueueAlreadyExists);
    }

    private QueueResponse List(QueueRequest request)
    {
        if (request.MaxResults is < 1 or > QueueRules.MaxPage)
        {
            return QueueResponse.Refuse(QueueError.OutOfRange("maxresults"));
        }

        var size = request.MaxResults ?? QueueRules.MaxPage;
        var found = queues.Where(queue => queue.Key.StartsWith(request.Prefix, StringComparison.Ordinal))
            .OrderBy(queue => queue.Key, StringComparer.Ordinal)
            .Where(queue => request.Marker is null || string.CompareOrdinal(queue.Key, request.Marker) >= 0)
            .Take(size + 1)
            .Select(queue => (queue.Key, queue.Value.Metadata))
            .ToList();
        return new QueueResponse(200)
        {
            Queues = found[..Math.Min(size, found.Count)],
            NextMarker = found.Count > size ? found[size].Key : null,
        };
    }
}
