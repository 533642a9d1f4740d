using Parley.Exports;
using Parley.Idempotency;
using Parley.Messages;
using Parley.Problems;
using Parley.Spreadsheets;
using Parley.Testing;
using Parley.Tests.OnStrictTables;

namespace Parley.Tests.Exports;

/// <summary>
/// Clients who ask for exports, cancel them and have them delivered again, people who go on talking, two timers and three workers at the queues, each an
/// instance with a clock and troubles of its own; then perhaps an outage; then calm, in which everything must come to its end; then the files' time is over.
/// </summary>
internal sealed class ExportScenario(ExportWorld world, ExportWays ways)
{
    private static readonly TimeSpan MaxSkew = TimeSpan.FromMinutes(5);
    private readonly Random random = new(world.Run.Seed);
    private readonly Dictionary<string, (NewExport Draft, Export? Made)> keyed = new(StringComparer.Ordinal);
    private bool stopping;

    /// <summary>One run.</summary>
    public static async Task<ExportWorld> RunAsync(Simulation run, ExportWays ways)
    {
        var world = new ExportWorld(run, new StrictTables(run.Time));
        await world.BuildAsync();
        await new ExportScenario(world, ways).RunAsync();
        return world;
    }

    private async Task RunAsync()
    {
        var (run, trouble, skewed) = (world.Run, random.Next(4), random.Next(3) == 0);
        run.CallTime = new[] { TimeSpan.Zero, TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3) }[random.Next(4)];
        run.SlowOneIn = random.Next(3) == 0 ? 15 : 0;
        world.IsExact = !skewed && run.SlowOneIn == 0 && run.CallTime < TimeSpan.FromSeconds(1);
        world.Queues.TroubleOneIn = trouble == 0 ? 0 : 5;
        world.Receiver.Script = random.Next(3) == 0 ? _ => new ReceiverAnswer(204) : SimulatedReceiver.Moody(random);
        var people = new[] { Actor("client", ClientAsync), Actor("client2", ClientAsync), Actor("person", PersonAsync, inTime: world.IsExact), Actor("person2", PersonAsync, inTime: world.IsExact) };
        var machines = new[] { Actor("timer", TimerAsync), Actor("timer2", TimerAsync), Actor("worker", WorkerAsync), Actor("worker2", WorkerAsync), Actor("worker3", WorkerAsync) };
        var working = machines.Select(actor => actor.RepeatAsync(() => stopping, pause: 2)).ToList();
        var left = 8 + random.Next(8);
        await Task.WhenAll(people.Select(actor => actor.RepeatAsync(() => left-- <= 0, pause: 25)));
        stopping = random.Next(2) == 0;
        await Task.Delay(TimeSpan.FromSeconds(random.Next(90)), run.Time);
        stopping = true;
        await Task.WhenAll(working);
        run.DeliverLate();
        world.Log.Verify();

        run.CallTime = TimeSpan.Zero;
        run.SlowOneIn = 0;
        await Task.Delay(new[] { TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromMinutes(10), TimeSpan.FromDays(1) }[random.Next(4)], run.Time);
        ParleyProcess[] processes = skewed ? [world.Unscheduled("calm", MaxSkew), world.Unscheduled("calm2", -MaxSkew)] : [world.Unscheduled("calm")];
        await world.CalmAsync(ways, processes);
        await world.VerifyEndedAsync();
        await world.ExpireAsync(ways, processes);

        Instance Actor(string name, Func<Instance, Task> act, bool inTime = false)
        {
            var (skew, seed) = (skewed ? MaxSkew * (random.NextDouble() * 2 - 1) : TimeSpan.Zero, random.Next());
            return new(run, started => world.Start($"{name}/{started}", seed + started, skew, Faults(trouble, inTime)), act, ExportWorld.IsFailureOfStorage, seed);
        }
    }

    private async Task ClientAsync(Instance client)
    {
        if (world.Told.Count == 0 || random.Next(2) == 0)
        {
            await CreateAsync(client);
            return;
        }

        var known = world.Told[random.Next(world.Told.Count)];
        try
        {
            world.Told.Add(random.Next(2) == 0
                ? await client.Process.ExportRemoval.RemoveAsync(known.Key.Tenant, $"{known.Id}", CancellationToken.None)
                : await client.Process.ExportRedelivery.DeliverAsync(known.Key.Tenant, $"{known.Id}", CancellationToken.None));
        }
        catch (ParleyException e) when (e.Code == ErrorCode.ExportStatus)
        {
            // It has not ended, or its file is gone.
        }
    }

    private async Task CreateAsync(Instance client)
    {
        var tenant = world.Tenants[random.Next(world.Tenants.Count)];
        if (random.Next(2) == 0)
        {
            world.Told.Add(await ways.Create(client.Process, tenant, Draft(), null));
            return;
        }

        // Few keys: now and then one is sent again, with what it was first sent with.
        var name = $"{tenant}/{random.Next(2)}";
        if (!keyed.TryGetValue(name, out var first))
        {
            keyed[name] = first = (Draft(), null);
        }

        var made = await ways.Create(client.Process, tenant, first.Draft, IdempotencyKey.Create(name, [name]));
        if (keyed[name].Made is { } before && before.Id != made.Id)
        {
            throw new Xunit.Sdk.XunitException($"One key made exports {before.Key.Number} and {made.Key.Number}.");
        }

        keyed[name] = (first.Draft, made);
        world.Told.Add(made);
    }

    private Task PersonAsync(Instance person) =>
        world.PostAsync(person.Process, world.Conversations[random.Next(world.Conversations.Count)], (MessageRole)(1 + random.Next(3)));

    private async Task TimerAsync(Instance timer)
    {
        await ways.Tick(timer.Process);
        await Task.Delay(TimeSpan.FromSeconds(5 + random.Next(30)), world.Run.Time);
    }

    private async Task WorkerAsync(Instance worker)
    {
        if (world.Queues.Take() is not { } message)
        {
            await Task.Delay(TimeSpan.FromSeconds(1 + random.Next(5)), world.Run.Time);
            return;
        }

        try
        {
            await world.HandleAsync(ways, worker.Process, message);
            world.Queues.Complete(message);
        }
        catch (CrashException)
        {
            // The host hides a message of a killed process for ten minutes; here also for less, so that it meets more.
            world.Queues.Return(message, TimeSpan.FromSeconds(random.Next(600)));
            throw;
        }
    }

    /// <summary>Ranges that are over and ranges that end now or soon; some begin in the midst.</summary>
    private NewExport Draft()
    {
        var now = world.Run.Time.GetUtcNow();
        DateTimeOffset? end = random.Next(3) switch { 0 => null, 1 => now.AddMinutes(-3), _ => now.AddSeconds(random.Next(40) - 20) };
        DateTimeOffset? start = random.Next(3) == 0 ? now.AddMinutes(-10).AddSeconds(random.Next(300)) : null;
        return new NewExport(
            start, end, ExportWorld.CallbackUrl, random.Next(2) == 0 ? ExportLanguage.PtBr : ExportLanguage.EnUs, random.Next(2) == 0 ? TableFormat.Csv : TableFormat.Jsonl);
    }

    /// <param name="trouble">Which.</param>
    /// <param name="inTime">Whether what is sent comes within the time that storage calls are given.</param>
    private Func<TableCall, Fault>? Faults(int trouble, bool inTime)
    {
        var (unanswered, crashes) = inTime
            ? ([.. Fault.Unanswered.Where(fault => fault.Side != FaultSide.Late)], CrashSweep.Crashes)
            : (Fault.Unanswered, CrashSweep.CrashesAndLateCalls);
        return trouble switch
        {
            0 => null,
            1 => TableHooks.OneIn(10, random.Next(), unanswered),
            2 => TableHooks.OneIn(25, random.Next(), crashes),
            _ => TableHooks.OneIn(15, random.Next(), [.. unanswered, .. crashes]),
        };
    }
}
