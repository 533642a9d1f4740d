using Parley.Storage;
using Parley.Testing;

namespace Parley.Tests.OnStrictTables;

/// <summary>
/// A queue with the worst permitted behaviour: messages arrive several times and in any order, and, depending on the
/// properties below, early or never. A send is a call of its process, so it fails and crashes as calls to the tables
/// do, before or after the message is stored.
/// </summary>
internal sealed class SimulatedWorkQueue<T>(Simulation run)
    where T : IWorkMessage<T>
{
    private readonly Random random = new(run.Seed);
    private readonly List<QueuedMessage<T>> messages = [];

    /// <summary>One in this many messages arrives early or again, or is lost. None while this is 0.</summary>
    public int TroubleOneIn { get; set; }

    /// <summary>The value of maxDequeueCount in host.json.</summary>
    public int MaxDeliveries { get; init; } = 5;

    /// <summary>True when a message may become visible before its time.</summary>
    public bool ArrivesEarly { get; init; }

    /// <summary>True when a message may be accepted and never delivered.</summary>
    public bool LosesMessages { get; init; }

    /// <summary>The maximum time until a processed message is delivered again.</summary>
    public required TimeSpan ComesAgainWithin { get; init; }

    /// <summary>The number of messages.</summary>
    public int Count => messages.Count;

    /// <summary>The time at which the next message becomes visible; null when there is none.</summary>
    public DateTimeOffset? NextAt => messages.Count == 0 ? null : messages.Min(message => message.VisibleAt);

    private bool IsTrouble => TroubleOneIn > 0 && random.Next(TroubleOneIn) == 0;

    private DateTimeOffset Now => run.Time.GetUtcNow();

    /// <summary>The queue as one process uses it.</summary>
    public IWorkQueue<T> Of(TableConnection process) => new Sender(this, process);

    /// <summary>Takes one of the visible messages; null when there is none.</summary>
    public QueuedMessage<T>? Take()
    {
        var visible = (ArrivesEarly && IsTrouble ? messages : messages.Where(message => message.VisibleAt <= Now)).ToList();
        if (visible.Count == 0)
        {
            return null;
        }

        var taken = visible[random.Next(visible.Count)];
        messages.Remove(taken);
        return LosesMessages && IsTrouble && random.Next(3) == 0 ? null : taken;
    }

    /// <summary>Completes a processed message; sometimes it is delivered again nevertheless.</summary>
    public void Complete(QueuedMessage<T> message)
    {
        if (IsTrouble)
        {
            Return(message, TimeSpan.FromSeconds(random.Next((int)ComesAgainWithin.TotalSeconds)));
        }
    }

    /// <summary>
    /// Returns a message that was not processed. It is delivered again after the delay, up to the maximum number of
    /// deliveries.
    /// </summary>
    public void Return(QueuedMessage<T> message, TimeSpan delay)
    {
        if (message.Deliveries < MaxDeliveries)
        {
            messages.Add(message with { Deliveries = message.Deliveries + 1, VisibleAt = Now + delay });
        }
    }

    private sealed class Sender(SimulatedWorkQueue<T> queue, TableConnection process) : IWorkQueue<T>
    {
        public Task SendAsync(T message, TimeSpan delay, CancellationToken cancellation)
        {
            var json = message.ToJson();
            return process.CallAsync(
                new ForeignCall("queues", "Send", $"{message.QueueName} {json}"),
                () => queue.messages.Add(new QueuedMessage<T>(json, queue.Now + WorkQueue<T>.VisibilityTimeout(delay), 1)),
                cancellation);
        }
    }
}

/// <summary>A message of <see cref="SimulatedWorkQueue{T}"/>.</summary>
internal sealed record QueuedMessage<T>(string Json, DateTimeOffset VisibleAt, int Deliveries)
    where T : IWorkMessage<T>
{
    public T Message => T.Parse(Json);
}
