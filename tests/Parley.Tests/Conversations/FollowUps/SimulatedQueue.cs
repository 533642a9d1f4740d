using Azure;
using Parley.Conversations.FollowUps;
using Parley.Storage;
using Parley.Testing;

namespace Parley.Tests.Conversations.FollowUps;

/// <summary>
/// The queue as it is at its worst: messages come up to five times, early, late and in any order; a send may fail before or after the
/// message is in.
/// </summary>
internal sealed class SimulatedQueue(Simulation run)
{
    private readonly Simulation run = run;
    private readonly Random random = new(run.Seed);
    private readonly List<Message> messages = [];

    /// <summary>In one of so many times: a send fails, a message comes early or again. Never while it is 0.</summary>
    public int TroubleOneIn { get; set; }

    private bool IsTrouble => TroubleOneIn > 0 && random.Next(TroubleOneIn) == 0;

    /// <summary>The queue as one process sees it.</summary>
    public IWorkQueue<FollowUpChunk> Of(TableConnection process) => new Sender(this, process);

    /// <summary>One of the messages that are to be delivered now.</summary>
    public Message? Take()
    {
        var now = run.Time.GetUtcNow();
        var visible = messages.Where(message => message.VisibleAt <= now || IsTrouble).ToList();
        if (visible.Count == 0)
        {
            return null;
        }

        var taken = visible[random.Next(visible.Count)];
        messages.Remove(taken);
        return taken;
    }

    /// <summary>It was worked off; now and then it comes again all the same.</summary>
    public void Complete(Message message)
    {
        if (message.Deliveries < 5 && IsTrouble)
        {
            Return(message, TimeSpan.FromSeconds(random.Next(400)));
        }
    }

    /// <summary>It was not: the host tries five times.</summary>
    public void Return(Message message, TimeSpan delay)
    {
        if (message.Deliveries < 5)
        {
            messages.Add(message with { Deliveries = message.Deliveries + 1, VisibleAt = run.Time.GetUtcNow() + delay });
        }
    }

    internal sealed record Message(FollowUpChunk Chunk, DateTimeOffset VisibleAt, int Deliveries);

    private sealed class Sender(SimulatedQueue queue, TableConnection process) : IWorkQueue<FollowUpChunk>
    {
        public async Task SendAsync(FollowUpChunk chunk, TimeSpan delay, CancellationToken cancellation)
        {
            await Task.Yield();
            ThrowIfDead();
            var fails = queue.IsTrouble;
            if (!fails || queue.random.Next(2) == 0)
            {
                var visibleAt = queue.run.Time.GetUtcNow() + WorkQueue<FollowUpChunk>.VisibilityTimeout(delay);
                queue.messages.Add(new Message(FollowUpChunk.Parse(chunk.ToJson()), visibleAt, 1));
            }

            await Task.Yield();
            ThrowIfDead();
            if (fails)
            {
                throw new RequestFailedException(503, "The queue is busy.");
            }
        }

        private void ThrowIfDead()
        {
            if (process.IsDead)
            {
                throw new CrashException($"{process.Name} is dead.");
            }
        }
    }
}
