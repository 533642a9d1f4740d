using Parley.Exports;
using Parley.Storage;
using Parley.Testing;

namespace Parley.Tests.Exports;

/// <summary>
/// The queues at their worst: messages come up to five times, early, late and in any order. A send is a call of its process, so it fails and crashes as calls
/// to the tables do, before the message is in or after it.
/// </summary>
internal sealed class SimulatedExportQueues(Simulation run)
{
    /// <summary>host.json: maxDequeueCount.</summary>
    private const int MaxDeliveries = 5;

    private readonly Random random = new(run.Seed);
    private readonly List<QueuedStep> messages = [];

    /// <summary>In one of so many times a message comes early or again. Never while it is 0.</summary>
    public int TroubleOneIn { get; set; }

    private bool IsTrouble => TroubleOneIn > 0 && random.Next(TroubleOneIn) == 0;

    /// <summary>The queues as one process sees them.</summary>
    public IWorkQueue<ExportStep> Of(TableConnection process) => new Sender(this, process);

    /// <summary>When the next message is to be delivered; null when there is none.</summary>
    public DateTimeOffset? NextAt => messages.Count == 0 ? null : messages.Min(message => message.VisibleAt);

    /// <summary>One of the messages that are to be delivered now.</summary>
    public QueuedStep? Take()
    {
        var now = run.Time.GetUtcNow();
        var visible = (IsTrouble ? messages : messages.Where(message => message.VisibleAt <= now)).ToList();
        if (visible.Count == 0)
        {
            return null;
        }

        var taken = visible[random.Next(visible.Count)];
        messages.Remove(taken);
        return taken;
    }

    /// <summary>It was worked off; now and then it comes again all the same.</summary>
    public void Complete(QueuedStep message)
    {
        if (IsTrouble)
        {
            Return(message, TimeSpan.FromSeconds(random.Next(100)));
        }
    }

    /// <summary>Its process died: the host hides it for so long.</summary>
    public void Return(QueuedStep message, TimeSpan delay)
    {
        if (message.Deliveries < MaxDeliveries)
        {
            messages.Add(message with { Deliveries = message.Deliveries + 1, VisibleAt = run.Time.GetUtcNow() + delay });
        }
    }

    private sealed class Sender(SimulatedExportQueues queues, TableConnection process) : IWorkQueue<ExportStep>
    {
        public Task SendAsync(ExportStep step, TimeSpan delay, CancellationToken cancellation) => process.CallAsync(
            new ForeignCall("queues", "Send", $"{step.QueueName} {step.Export}"),
            () => queues.messages.Add(new QueuedStep(step.ToJson(), queues.Now + WorkQueue<ExportStep>.VisibilityTimeout(delay), 1)),
            cancellation);
    }

    private DateTimeOffset Now => run.Time.GetUtcNow();
}

/// <summary>A message of the queues.</summary>
internal sealed record QueuedStep(string Json, DateTimeOffset VisibleAt, int Deliveries);
