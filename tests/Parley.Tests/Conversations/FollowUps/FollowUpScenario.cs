using Azure;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Core;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Conversations.FollowUps;

/// <summary>
/// Customers, clients and agents at two conversations, two timers and two queue workers, each an instance with its own
/// clock and faults. Then possibly an outage. Then quiescence, in which all due follow-ups must be sent.
/// </summary>
internal sealed class FollowUpScenario(FollowUpModel model, FollowUpOperations operations)
{
    /// <summary>Half a minute before a full hour.</summary>
    public static readonly DateTimeOffset Start = new(2026, 1, 2, 9, 59, 30, TimeSpan.Zero);

    private static readonly TimeSpan MaxSkew = TimeSpan.FromMinutes(5);
    private readonly Random random = new(model.Run.Seed);
    private bool stopping;
    private int named;

    public static async Task<FollowUpModel> RunAsync(Simulation run, FollowUpOperations operations)
    {
        var model = new FollowUpModel(run, new StrictTables(run.Time), operations.Defect);
        await model.BuildAsync(conversations: 2);
        await new FollowUpScenario(model, operations).RunAsync();
        return model;
    }

    private async Task RunAsync()
    {
        var (run, faultMix) = (model.Run, random.Next(4));
        run.CallTime = new[] { TimeSpan.Zero, TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3) }[random.Next(4)];
        run.SlowOneIn = random.Next(4) == 0 ? 20 : 0;
        model.Queue.TroubleOneIn = faultMix == 0 ? 0 : 6;
        var skewed = random.Next(2) == 0;
        var people = new[] { Actor("customer", CustomerAsync), Actor("agent", AgentAsync), Actor("client", ClientAsync), Actor("client2", ClientAsync), Actor("client3", ClientAsync) };
        var machines = new[] { Actor("timer", TimerAsync), Actor("timer2", TimerAsync), Actor("worker", WorkerAsync), Actor("worker2", WorkerAsync) };
        var working = machines.Select(actor => actor.RepeatAsync(() => stopping, pause: 2)).ToList();
        var left = 8 + random.Next(6);
        if (operations == FollowUpOperations.Production)
        {
            working.Add(Actor("reader", ListAsync).RepeatAsync(() => stopping, pause: 20));
        }

        await Task.WhenAll(people.Select(actor => actor.RepeatAsync(() => left-- <= 0, pause: 30)));
        stopping = true;
        await Task.WhenAll(working);
        run.DeliverLate();
        await model.VerifyAsync(past: DateTimeOffset.MinValue);

        run.CallTime = TimeSpan.Zero;
        run.SlowOneIn = 0;
        await Task.Delay(new[] { TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromMinutes(10), TimeSpan.FromDays(1) }[random.Next(4)], run.Time);
        await ReachQuiescenceAsync(skewed);

        Instance Actor(string name, Func<Instance, Task> act)
        {
            var (skew, seed) = (skewed ? MaxSkew * (random.NextDouble() * 2 - 1) : TimeSpan.Zero, random.Next());
            return new(run, started => model.Start($"{name}/{started}", seed + started, skew, Faults(faultMix)), act, IsFailure, seed);
        }
    }

    private async Task ReachQuiescenceAsync(bool skewed)
    {
        var end = model.Run.Time.GetUtcNow();
        var (first, _) = model.Start("final", 1, skewed ? MaxSkew : TimeSpan.Zero);
        var (second, _) = model.Start("final2", 2, skewed ? -MaxSkew : TimeSpan.Zero);
        await model.ReachQuiescenceAsync(operations, first, second);
        await model.VerifyAsync(past: end + TimeSpan.FromMinutes(10));
    }

    private async Task CustomerAsync(Instance customer)
    {
        var appended = await customer.Process.Append.AppendAsync(Any(), new(MessageRole.Customer, "answer", null, "customer", null), null, CancellationToken.None);
        model.AcknowledgedMessages.Add(appended.Message.Key);
    }

    private async Task AgentAsync(Instance agent)
    {
        if (random.Next(3) > 0)
        {
            model.AcknowledgedMessages.Add((await agent.Process.Append.AppendAsync(Any(), new(MessageRole.Staff, "word", 1, "agent", null), null, CancellationToken.None)).Message.Key);
            return;
        }

        var until = random.Next(2) == 0 ? model.Run.Time.GetUtcNow().AddSeconds(random.Next(120)) : (DateTimeOffset?)null;
        await operations.HandOff(agent.Process, Any(), until);
    }

    private async Task ClientAsync(Instance client)
    {
        if (model.Acknowledged.Count == 0 || random.Next(2) == 0)
        {
            model.Acknowledged.Add(await operations.Create(client.Process, Any(), DueAt(), NewText()));
            return;
        }

        // Any follow-up from a response: it may have changed since.
        var known = model.Acknowledged[random.Next(model.Acknowledged.Count)];
        var change = random.Next(14) switch
        {
            < 3 => new FollowUpChange { DueAt = DueAt() },
            3 => new FollowUpChange { DueAt = known.DueAt },
            4 => new FollowUpChange { Status = FollowUpStatus.Cancelled },
            5 => new FollowUpChange { Status = FollowUpStatus.Failed, Reason = "no use" },
            6 => new FollowUpChange { Text = NewText() },
            7 => new FollowUpChange { Status = FollowUpStatus.Sent, FinishedAt = known.CreatedAt.AddSeconds(random.Next(200)) },
            8 => new FollowUpChange { MessageId = AnyMessage(known) },
            9 => new FollowUpChange { TriggerId = AnyMessage(known), ClearsReason = true },
            10 => new FollowUpChange { ClearsMessageId = true },
            11 => new FollowUpChange { Status = FollowUpStatus.Pending, ClearsFinishedAt = true },
            12 => new FollowUpChange(),
            _ => new FollowUpChange { Status = FollowUpStatus.Pending, DueAt = DueAt() },
        };
        var actor = $"change {++named}";
        Func<int, bool>? expected = random.Next(2) == 0 ? revision => revision == known.Revision : null;
        try
        {
            model.Acknowledged.Add(await operations.Change(client.Process, known.Id, change, actor, expected));
        }
        catch (ParleyException e) when (e.Code.Kind is ErrorKind.Conflict or ErrorKind.PreconditionFailed or ErrorKind.Invalid || e.Code == ErrorCode.Busy)
        {
            model.Refused.Add(actor);
        }
    }

    private async Task TimerAsync(Instance timer)
    {
        await timer.Process.FollowUpDispatch.DispatchAsync(CancellationToken.None);
        await Task.Delay(TimeSpan.FromSeconds(5 + random.Next(50)), model.Run.Time);
    }

    /// <summary>Lists the ended follow-ups of a chat, which completes the lists after an earlier version's writes.</summary>
    private async Task ListAsync(Instance reader)
    {
        var filter = new FollowUpFilter([$"{Any().Key.Number}"], [], [], [FollowUpStatus.Cancelled, FollowUpStatus.Failed, FollowUpStatus.Sent]);
        var listed = await reader.Process.FollowUpList.ReadAsync(Appends.Tenant, filter, 1, 10, CancellationToken.None);
        Assert.Equal(listed.OrderByDescending(one => one.Number).Select(one => one.Number).Distinct(), listed.Select(one => one.Number));
        Assert.DoesNotContain(listed, one => one.Status == FollowUpStatus.Pending);
    }

    private async Task WorkerAsync(Instance worker)
    {
        if (model.Queue.Take() is not { } message)
        {
            await Task.Delay(TimeSpan.FromSeconds(1 + random.Next(5)), model.Run.Time);
            return;
        }

        try
        {
            await operations.Send(worker.Process, message.Message);
            model.Queue.Complete(message);
        }
        catch (CrashException)
        {
            // The host hides the message of a killed process for ten minutes.
            model.Queue.Return(message, TimeSpan.FromMinutes(10));
            throw;
        }
        catch (Exception e) when (IsFailure(e))
        {
            model.Queue.Return(message, TimeSpan.FromSeconds(10));
        }
    }

    private EntityRef<ConversationKey> Any() => new(model.Conversations[random.Next(model.Conversations.Count)], null);

    private string? AnyMessage(FollowUp followUp) =>
        model.AcknowledgedMessages.Where(key => key.Conversation == followUp.Conversation).OrderBy(_ => random.Next()).Select(key => $"{key.IntegerId}").FirstOrDefault();

    private string NewText() => FollowUpModel.TextOf($"{++named}");

    /// <summary>
    /// One of few different times, so that several coincide: a second within a few minutes from now, or far in the
    /// future.
    /// </summary>
    private DateTimeOffset DueAt()
    {
        var now = model.Run.Time.GetUtcNow();
        var minute = new DateTimeOffset(now.Ticks - now.Ticks % TimeSpan.TicksPerMinute, TimeSpan.Zero).AddMinutes(random.Next(4));
        return random.Next(12) == 0 ? minute.AddDays(3) : minute.AddSeconds(random.Next(2) * 30).AddMilliseconds(random.Next(2) * 250);
    }

    private Func<TableCall, Fault>? Faults(int faultMix) => faultMix switch
    {
        0 => null,
        1 => TableHooks.OneIn(8, random.Next(), Fault.Unanswered),
        2 => TableHooks.OneIn(15, random.Next(), CrashExploration.CrashesAndLateCalls),
        _ => TableHooks.OneIn(10, random.Next(), [.. Fault.Unanswered, .. CrashExploration.CrashesAndLateCalls]),
    };

    /// <summary>A failure that a client receives as an error, or that a trigger's host logs.</summary>
    private static bool IsFailure(Exception e) =>
        e is CrashException or RequestFailedException or OperationCanceledException or IOException or AggregateException
        || e is ParleyException { Code.Kind: not ErrorKind.Internal };
}
