using Parley.Assistants.Completions;
using Parley.Conversations;
using Parley.Core;
using Parley.Testing;
using Parley.Tests.OnStrictTables;

namespace Parley.Tests.Assistants.Completions;

/// <summary>
/// Clients that request completions, resume and cancel them, posters of messages with and without a reply, an agent
/// that hands off and takes back, a deleter of replies, a timer and two queue workers, each an instance with its own
/// clock and faults. Then possibly an outage. Then quiescence, in which every completion must end.
/// </summary>
internal sealed class CompletionScenario(CompletionModel model, CompletionOperations operations)
{
    /// <summary>Half a minute before a full hour.</summary>
    public static readonly DateTimeOffset Start = new(2026, 1, 2, 9, 59, 30, TimeSpan.Zero);

    private static readonly TimeSpan MaxSkew = TimeSpan.FromMinutes(5);
    private readonly Random random = new(model.Run.Seed);
    private readonly List<CompletionRequest> keyed = [];
    private bool stopping;
    private int named;

    public static async Task<CompletionModel> RunAsync(Simulation run, CompletionOperations operations)
    {
        var model = new CompletionModel(run, new StrictTables(run.Time), operations.Defect);
        await model.BuildAsync(conversations: 2);
        await new CompletionScenario(model, operations).RunAsync();
        return model;
    }

    private async Task RunAsync()
    {
        var (run, faultMix, skewed) = (model.Run, random.Next(4), random.Next(3) == 0);
        run.CallTime = new[] { TimeSpan.Zero, TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(3) }[random.Next(4)];
        run.SlowOneIn = random.Next(4) == 0 ? 20 : 0;

        // A crash does not lose the responses of other processes. A slow process is alive, but another one may consider
        // it dead.
        model.Log.LiveProducersEndTheirCompletions = faultMix is 0 or 2 && run.SlowOneIn == 0 && run.CallTime < TimeSpan.FromMilliseconds(100);
        model.Queue.TroubleOneIn = faultMix == 0 ? 0 : 4;
        var people = new[]
        {
            Actor("client", ClientAsync), Actor("client2", ClientAsync), Actor("listener", ListenerAsync), Actor("canceller", CancellerAsync),
            Actor("poster", PosterAsync), Actor("person", PersonAsync), Actor("agent", AgentAsync), Actor("deleter", DeleterAsync),
        };
        var machines = new[] { Actor("timer", TimerAsync), Actor("worker", WorkerAsync), Actor("worker2", WorkerAsync) };
        var working = machines.Select(actor => actor.RepeatAsync(() => stopping, pause: 2)).ToList();
        var left = 14 + random.Next(10);
        await Task.WhenAll(people.Select(actor => actor.RepeatAsync(() => left-- <= 0, pause: 8)));
        stopping = true;
        await Task.WhenAll(working);
        run.DeliverLate();
        model.Log.Verify();

        run.CallTime = TimeSpan.Zero;
        run.SlowOneIn = 0;
        await Task.Delay(new[] { TimeSpan.Zero, TimeSpan.FromMinutes(5), TimeSpan.FromDays(1) }[random.Next(3)], run.Time);
        if (random.Next(2) == 0)
        {
            // Clients send the unanswered requests again; some send them twice by mistake.
            await Task.WhenAll(keyed.Concat(keyed.Where(_ => random.Next(2) == 0)).ToList().Select((one, i) => EnqueueAsync(model.Start($"again{i}", i).Process, one)));
        }

        var skews = skewed ? new[] { MaxSkew, -MaxSkew } : [TimeSpan.Zero];
        await model.ReachQuiescenceAsync(operations, [.. skews.Select((skew, i) => model.Start($"final{i}", i, skew).Process)]);
        await model.VerifyAsync();

        Instance Actor(string name, Func<Instance, Task> act)
        {
            var (skew, seed) = (skewed ? MaxSkew * (random.NextDouble() * 2 - 1) : TimeSpan.Zero, random.Next());
            return new(run, started => model.Start($"{name}/{started}", seed + started, skew, Faults(faultMix)), act, CompletionModel.IsFailure, seed);
        }
    }

    private async Task ClientAsync(Instance client)
    {
        // Sometimes resends a recent keyed request, also while the first client still waits for it.
        var request = keyed.Count > 0 && random.Next(2) == 0 ? keyed[^(1 + random.Next(Math.Min(3, keyed.Count)))] : NewRequest(random.Next(4) == 0 ? null : AnyConversation());
        if (request.IsKeyed && !keyed.Contains(request))
        {
            keyed.Add(request);
        }

        await EnqueueAsync(client.Process, request);
    }

    private async Task EnqueueAsync(ParleyProcess process, CompletionRequest request)
    {
        var listener = await model.CompleteAsync(operations, process, request);
        if (listener.Error == CompletionError.Interrupted && request.IsKeyed)
        {
            // As docs/api.md states, sending the same request again starts a new attempt.
            await model.CompleteAsync(operations, process, request);
        }
    }

    private async Task ListenerAsync(Instance listener)
    {
        if (AnyCompletion() is { } completion)
        {
            await model.ResumeAsync(listener.Process, completion.Id, random.Next(2) == 0 ? 0 : random.Next(completion.NextEvent));
        }
    }

    private async Task CancellerAsync(Instance canceller)
    {
        if (AnyCompletion() is { } completion)
        {
            await model.CancelAsync(canceller.Process, completion.Id);
        }
    }

    private Task PosterAsync(Instance poster) => model.PostAsync(poster.Process, NewRequest(AnyConversation()));

    private async Task PersonAsync(Instance person) =>
        await person.Process.Append.AppendAsync(
            new EntityRef<ConversationKey>(AnyConversation(), null), new(MessageRole.Staff, "word", 1, "person", null), null, CancellationToken.None);

    private Task AgentAsync(Instance agent)
    {
        DateTimeOffset? until = random.Next(2) == 0 ? model.Run.Time.GetUtcNow().AddSeconds(random.Next(60)) : null;
        return agent.Process.ConversationChange.ChangeAsync(
            new EntityRef<ConversationKey>(AnyConversation(), null), head => head with { HandedOffUntil = until }, "agent", null, CancellationToken.None);
    }

    private async Task DeleterAsync(Instance deleter)
    {
        if (model.Log.Replies.Count > 0 && random.Next(3) == 0)
        {
            var reply = model.Log.Replies[random.Next(model.Log.Replies.Count)].Message;
            await deleter.Process.Change.DeleteAsync(new EntityRef<ConversationKey>(reply.Key.Conversation, null), $"{reply.Id}", "deleter", null, CancellationToken.None);
        }
    }

    private async Task TimerAsync(Instance timer)
    {
        await operations.Tick(timer.Process);
        await Task.Delay(TimeSpan.FromSeconds(5 + random.Next(50)), model.Run.Time);
    }

    private async Task WorkerAsync(Instance worker)
    {
        if (model.Queue.Take() is not { } message)
        {
            await Task.Delay(TimeSpan.FromSeconds(1 + random.Next(3)), model.Run.Time);
            return;
        }

        try
        {
            await operations.Run(worker.Process, message.Message);
            model.Queue.Complete(message);
        }
        catch (CrashException)
        {
            // The host hides a killed process's message for ten minutes. Here it is less, so that the redelivery
            // overlaps with more calls.
            model.Queue.Return(message, TimeSpan.FromSeconds(random.Next(60)));
            throw;
        }
    }

    /// <summary>
    /// A few words at a random pace, or more than one chunk has; some commands fail, some hang.
    /// </summary>
    private CompletionRequest NewRequest(ConversationKey? conversation)
    {
        var words = random.Next(10) == 0 ? 60 + random.Next(15) : 1 + random.Next(10);
        var script = $"/words {words} /pace {new[] { 0, 100, 300, 900, 2500 }[random.Next(5)]}";
        script += random.Next(8) switch { 0 => " /fail unavailable after 2", 1 => " /hang after 1", 2 => " /fail refused", _ => "" };
        return new CompletionRequest($"request {++named}", script, conversation, IsKeyed: random.Next(2) == 0);
    }

    private ConversationKey AnyConversation() => model.Conversations[random.Next(model.Conversations.Count)];

    /// <summary>One of the most recent completions, so that some of them are still running.</summary>
    private Completion? AnyCompletion()
    {
        var last = model.Log.Completions.TakeLast(4).ToList();
        return last.Count == 0 ? null : model.Log.Of(last[random.Next(last.Count)]);
    }

    private Func<TableCall, Fault>? Faults(int faultMix) => faultMix switch
    {
        0 => null,
        1 => TableHooks.OneIn(15, random.Next(), Fault.Unanswered),
        2 => TableHooks.OneIn(30, random.Next(), CrashExploration.CrashesAndLateCalls),
        _ => TableHooks.OneIn(20, random.Next(), [.. Fault.Unanswered, .. CrashExploration.CrashesAndLateCalls]),
    };
}
