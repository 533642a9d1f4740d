using System.Globalization;
using System.Text;

namespace Parley.Testing.QueueService;

/// <summary>A message. It is immutable and only replaced.</summary>
/// <param name="Id">A GUID.</param>
/// <param name="Number">The order in which messages were put or became visible again.</param>
/// <param name="Text">The text.</param>
/// <param name="InsertedAt">The time at which it was put.</param>
/// <param name="ExpiresAt">The time at which it is discarded.</param>
/// <param name="VisibleAt">The time from which it can be received.</param>
/// <param name="DequeueCount">How often it was received.</param>
/// <param name="PopReceipt">The receipt of the last put, receipt or update.</param>
internal sealed record StoredMessage(
    string Id, long Number, string Text, DateTimeOffset InsertedAt, DateTimeOffset ExpiresAt, DateTimeOffset VisibleAt, int DequeueCount, string PopReceipt);

/// <summary>
/// The messages of a queue. They are received in the order in which they become visible; the service promises no
/// order.
/// </summary>
internal sealed class Queue
{
    private readonly Dictionary<string, StoredMessage> messages = new(StringComparer.Ordinal);
    private readonly SortedSet<(DateTimeOffset VisibleAt, long Number, string Id)> order = [];
    private DateTimeOffset firstExpiry = DateTimeOffset.MaxValue;
    private long last;

    public IReadOnlyDictionary<string, string> Metadata { get; set; } = new Dictionary<string, string>();

    /// <summary>The number of messages, the hidden ones included ("Get Queue Metadata").</summary>
    public int Count(DateTimeOffset now)
    {
        DropExpired(now);
        return messages.Count;
    }

    public QueueResponse Execute(QueueRequest request, DateTimeOffset now)
    {
        DropExpired(now);
        return QueueRules.Check(request) is { } error ? QueueResponse.Refuse(error) : request.Operation switch
        {
            QueueOperation.Put => Put(request, now),
            QueueOperation.Get => Get(request, now),
            QueueOperation.Peek => new QueueResponse(200) { Messages = Visible(request.Count, now) },
            QueueOperation.Clear => Clear(),
            QueueOperation.Delete => Find(request, out var message) is { } missing ? QueueResponse.Refuse(missing) : Delete(message!),
            QueueOperation.Update => Find(request, out var message) is { } missing ? QueueResponse.Refuse(missing) : Update(request, message!, now),
            _ => throw new NotSupportedException($"StrictQueues knows no {request.Operation}."),
        };
    }

    private QueueResponse Put(QueueRequest request, DateTimeOffset now)
    {
        var expires = request.TimeToLive == QueueRules.Never ? DateTimeOffset.MaxValue : now.AddSeconds(request.TimeToLive ?? QueueRules.DefaultTimeToLive);
        var number = ++last;
        var message = new StoredMessage(NewId(number), number, request.Text!, now, expires, now.AddSeconds(request.VisibilityTimeout ?? 0), 0, Receipt(number));
        Store(message);
        return new QueueResponse(201) { Messages = [message] };
    }

    private QueueResponse Get(QueueRequest request, DateTimeOffset now)
    {
        var received = Visible(request.Count, now);
        for (var i = 0; i < received.Count; i++)
        {
            var number = ++last;
            order.Remove(KeyOf(received[i]));
            received[i] = received[i] with
            {
                Number = number,
                VisibleAt = now.AddSeconds(request.VisibilityTimeout ?? QueueRules.DefaultVisibilityTimeout),
                DequeueCount = received[i].DequeueCount + 1,
                PopReceipt = Receipt(number),
            };
            Store(received[i]);
        }

        return new QueueResponse(200) { Messages = received };
    }

    private List<StoredMessage> Visible(int count, DateTimeOffset now) =>
        [.. order.TakeWhile(each => each.VisibleAt <= now).Take(count).Select(each => messages[each.Id])];

    private QueueResponse Clear()
    {
        messages.Clear();
        order.Clear();
        return new QueueResponse(204);
    }

    private QueueResponse Delete(StoredMessage message)
    {
        messages.Remove(message.Id);
        order.Remove(KeyOf(message));
        return new QueueResponse(204);
    }

    private QueueResponse Update(QueueRequest request, StoredMessage message, DateTimeOffset now)
    {
        var number = ++last;
        order.Remove(KeyOf(message));
        var updated = message with
        {
            Number = number,
            Text = request.Text ?? message.Text,
            VisibleAt = now.AddSeconds(request.VisibilityTimeout!.Value),
            PopReceipt = Receipt(number),
        };
        Store(updated);
        return new QueueResponse(204) { Messages = [updated] };
    }

    /// <summary>Each receipt replaces the one before ("Delete Message", "Update Message").</summary>
    private QueueError? Find(QueueRequest request, out StoredMessage? message) =>
        !messages.TryGetValue(request.Message, out message) ? QueueError.MessageNotFound
        : message.PopReceipt != request.PopReceipt ? QueueError.PopReceiptMismatch
        : null;

    private void Store(StoredMessage message)
    {
        messages[message.Id] = message;
        order.Add(KeyOf(message));
        firstExpiry = message.ExpiresAt < firstExpiry ? message.ExpiresAt : firstExpiry;
    }

    private void DropExpired(DateTimeOffset now)
    {
        if (now < firstExpiry)
        {
            return;
        }

        foreach (var message in messages.Values.Where(message => message.ExpiresAt <= now).ToList())
        {
            Delete(message);
        }

        firstExpiry = messages.Count == 0 ? DateTimeOffset.MaxValue : messages.Values.Min(message => message.ExpiresAt);
    }

    private static (DateTimeOffset VisibleAt, long Number, string Id) KeyOf(StoredMessage message) => (message.VisibleAt, message.Number, message.Id);

    private static string NewId(long number) => string.Create(CultureInfo.InvariantCulture, $"00000000-0000-4000-8000-{number:x12}");

    private static string Receipt(long number) => Convert.ToBase64String(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"receipt {number}")));
}
