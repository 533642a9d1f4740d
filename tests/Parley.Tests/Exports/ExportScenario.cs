using Parley.Conversations;
using Parley.Core;
using Parley.Exports;
using Parley.Spreadsheets;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;

namespace Parley.Tests.Exports;

/// <summary>
/// Clients that create, cancel and redeliver exports, people who go on writing, two timers and three queue workers,
/// each an instance with its own clock and faults. Then possibly an outage. Then quiescence, in which every export must
/// end. Then the expiry of the files.
/// </summary>
internal sealed class ExportScenario(ExportModel model, ExportOperations operations)
{
    private static readonly TimeSpan MaxSkew = TimeSpan.FromMinutes(5);
    private readonly Random random = new(model.Run.Seed);
    private readonly Dictionary<string, (NewExport Draft, Export? Made)> keyed = new(StringComparer.Ordinal);
    private bool stopping;

    public static async Task<ExportModel> RunAsync(Simulation run, ExportOperations operations)
    {
        var model = new ExportModel(run, new StrictTables(run.Time), operations.Defect);
        await model.BuildAsync();
        await new ExportScenario(model, operations).RunAsync();
        return model;
    }

    private async Task RunAsync()
    {
        var (run, faultMix, skewed) = (model.Run, random.Next(4), random.Next(3) == 0);
        run.CallTime = new[] { TimeSpan.Zero, TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3) }[random.Next(4)];
        run.SlowOneIn = random.Next(3) == 0 ? 15 : 0;
        model.PageRows = run.Seed % 2 == 0 ? 1 : null;
        model.IsExact = !skewed && run.SlowOneIn == 0 && run.CallTime < TimeSpan.FromSeconds(1);
        model.Queues.TroubleOneIn = faultMix == 0 ? 0 : 5;
        model.Receiver.Script = random.Next(3) == 0 ? _ => new ReceiverResponse(204) : SimulatedReceiver.Mixed(random);
        var people = new[] { Actor("client", ClientAsync), Actor("client2", ClientAsync), Actor("person", PersonAsync, inTime: model.IsExact), Actor("person2", PersonAsync, inTime: model.IsExact) };
        var machines = new[] { Actor("timer", TimerAsync), Actor("timer2", TimerAsync), Actor("worker", WorkerAsync), Actor("worker2", WorkerAsync), Actor("worker3", WorkerAsync) };
        var working = machines.Select(actor => actor.RepeatAsync(() => stopping, pause: 2)).ToList();
        var left = 8 + random.Next(8);
        await Task.WhenAll(people.Select(actor => actor.RepeatAsync(() => left-- <= 0, pause: 25)));
        stopping = random.Next(2) == 0;
        await Task.Delay(TimeSpan.FromSeconds(random.Next(90)), run.Time);
        stopping = true;
        await Task.WhenAll(working);
        run.DeliverLate();
        model.Log.Verify();

        run.CallTime = TimeSpan.Zero;
        run.SlowOneIn = 0;
        await Task.Delay(new[] { TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromMinutes(10), TimeSpan.FromDays(1) }[random.Next(4)], run.Time);
        ParleyProcess[] processes = skewed ? [model.Unscheduled("final", MaxSkew), model.Unscheduled("final2", -MaxSkew)] : [model.Unscheduled("final")];
        await model.ReachQuiescenceAsync(operations, processes);
        await model.VerifyEndedAsync();
        await model.ExpireAsync(operations, processes);

        Instance Actor(string name, Func<Instance, Task> act, bool inTime = false)
        {
            var (skew, seed) = (skewed ? MaxSkew * (random.NextDouble() * 2 - 1) : TimeSpan.Zero, random.Next());
            return new(run, started => model.Start($"{name}/{started}", seed + started, skew, Faults(faultMix, inTime)), act, ExportModel.IsFailureOfStorage, seed);
        }
    }

    private async Task ClientAsync(Instance client)
    {
        if (model.Acknowledged.Count == 0 || random.Next(2) == 0)
        {
            await CreateAsync(client);
            return;
        }

        var known = model.Acknowledged[random.Next(model.Acknowledged.Count)];
        try
        {
            model.Acknowledged.Add(random.Next(2) == 0
                ? await client.Process.ExportRemoval.RemoveAsync(known.Key.Tenant, $"{known.Id}", CancellationToken.None)
                : await client.Process.ExportRedelivery.DeliverAsync(known.Key.Tenant, $"{known.Id}", CancellationToken.None));
        }
        catch (ParleyException e) when (e.Code == ErrorCode.ExportStatus)
        {
            // The export has not ended, or its file has been removed.
        }
    }

    private async Task CreateAsync(Instance client)
    {
        var tenant = model.Tenants[random.Next(model.Tenants.Count)];
        if (random.Next(2) == 0)
        {
            model.Acknowledged.Add(await operations.Create(client.Process, tenant, Draft(), null));
            return;
        }

        // Few keys, so that a key is sometimes sent again with its first request.
        var name = $"{tenant}/{random.Next(2)}";
        if (!keyed.TryGetValue(name, out var first))
        {
            keyed[name] = first = (Draft(), null);
        }

        var created = await operations.Create(client.Process, tenant, first.Draft, IdempotencyKey.Create(name, [name]));
        if (keyed[name].Made is { } before && before.Id != created.Id)
        {
            throw new Xunit.Sdk.XunitException($"One key created exports {before.Key.Number} and {created.Key.Number}.");
        }

        keyed[name] = (first.Draft, created);
        model.Acknowledged.Add(created);
    }

    private Task PersonAsync(Instance person) =>
        model.PostAsync(person.Process, model.Conversations[random.Next(model.Conversations.Count)], (MessageRole)(1 + random.Next(3)));

    private async Task TimerAsync(Instance timer)
    {
        await operations.Tick(timer.Process);
        await Task.Delay(TimeSpan.FromSeconds(5 + random.Next(30)), model.Run.Time);
    }

    private async Task WorkerAsync(Instance worker)
    {
        if (model.Queues.Take() is not { } message)
        {
            await Task.Delay(TimeSpan.FromSeconds(1 + random.Next(5)), model.Run.Time);
            return;
        }

        try
        {
            await model.HandleAsync(operations, worker.Process, message);
            model.Queues.Complete(message);
        }
        catch (CrashException)
        {
            // The host hides a killed process's message for ten minutes. Here it is often less, so that the redelivery
            // overlaps with more calls.
            model.Queues.Return(message, TimeSpan.FromSeconds(random.Next(600)));
            throw;
        }
    }

    /// <summary>Past ranges, and ranges that end now or soon; some begin between messages.</summary>
    private NewExport Draft()
    {
        var now = model.Run.Time.GetUtcNow();
        DateTimeOffset? end = random.Next(3) switch { 0 => null, 1 => now.AddMinutes(-3), _ => now.AddSeconds(random.Next(40) - 20) };
        DateTimeOffset? start = random.Next(3) == 0 ? now.AddMinutes(-10).AddSeconds(random.Next(300)) : null;
        return new NewExport(
            start, end, ExportModel.CallbackUrl, random.Next(2) == 0 ? Language.PtBr : Language.EnUs, random.Next(2) == 0 ? TableFormat.Csv : TableFormat.Jsonl);
    }

    /// <param name="faultMix">The kind of faults.</param>
    /// <param name="inTime">True when a sent call arrives within the time limit of storage calls.</param>
    private Func<TableCall, Fault>? Faults(int faultMix, bool inTime)
    {
        var (unanswered, crashes) = inTime
            ? ([.. Fault.Unanswered.Where(fault => fault.Side != FaultSide.Late)], CrashExploration.Crashes)
            : (Fault.Unanswered, CrashExploration.CrashesAndLateCalls);
        return faultMix switch
        {
            0 => null,
            1 => TableHooks.OneIn(10, random.Next(), unanswered),
            2 => TableHooks.OneIn(25, random.Next(), crashes),
            _ => TableHooks.OneIn(15, random.Next(), [.. unanswered, .. crashes]),
        };
    }
}
