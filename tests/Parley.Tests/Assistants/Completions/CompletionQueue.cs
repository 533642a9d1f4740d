using Parley.Assistants.Completions;
using Parley.Storage;
using Parley.Testing;

namespace Parley.Tests.Assistants.Completions;

/// <summary>
/// The queue of replies at its worst: messages come up to three times, in any order. A send is a call of its process, so it fails and crashes as calls to the
/// tables do, before the message is in or after it.
/// </summary>
internal sealed class CompletionQueue(Simulation run)
{
    private const int MaxDeliveries = 3;

    private readonly Random random = new(run.Seed);
    private readonly List<QueuedCompletion> messages = [];

    /// <summary>In one of so many times a message comes again, or is lost. Never while it is 0.</summary>
    public int TroubleOneIn { get; set; }

    private bool IsTrouble => TroubleOneIn > 0 && random.Next(TroubleOneIn) == 0;

    /// <summary>The queue as one process sees it.</summary>
    public IWorkQueue<QueuedReply> Of(TableConnection process) => new Sender(this, process);

    /// <summary>How many messages there are.</summary>
    public int Count => messages.Count;

    /// <summary>One of the messages that are to be delivered now.</summary>
    public QueuedCompletion? Take()
    {
        var visible = messages.Where(message => message.VisibleAt <= run.Time.GetUtcNow()).ToList();
        if (visible.Count == 0)
        {
            return null;
        }

        var taken = visible[random.Next(visible.Count)];
        messages.Remove(taken);
        return IsTrouble && random.Next(3) == 0 ? null : taken;
    }

    /// <summary>It was worked off; now and then it comes again all the same.</summary>
    public void Complete(QueuedCompletion message)
    {
        if (IsTrouble)
        {
            Return(message, TimeSpan.FromSeconds(random.Next(30)));
        }
    }

    /// <summary>It comes again, as the host brings what its process died over.</summary>
    public void Return(QueuedCompletion message, TimeSpan delay)
    {
        if (message.Deliveries < MaxDeliveries)
        {
            messages.Add(message with { Deliveries = message.Deliveries + 1, VisibleAt = run.Time.GetUtcNow() + delay });
        }
    }

    internal sealed record QueuedCompletion(string Json, DateTimeOffset VisibleAt, int Deliveries)
    {
        public QueuedReply Reply => QueuedReply.Parse(Json);
    }

    private sealed class Sender(CompletionQueue queue, TableConnection process) : IWorkQueue<QueuedReply>
    {
        public Task SendAsync(QueuedReply reply, TimeSpan delay, CancellationToken cancellation) => process.CallAsync(
            new ForeignCall("queues", "Send", $"replies {reply.Key}"),
            () => queue.messages.Add(new QueuedCompletion(reply.ToJson(), queue.Now + WorkQueue<QueuedReply>.VisibilityTimeout(delay), 1)),
            cancellation);
    }

    private DateTimeOffset Now => run.Time.GetUtcNow();
}
