using Parley.Testing;
using Parley.Tests.OnStrictTables;

namespace Parley.Tests.Conversations;

/// <summary>Concurrent clients, each with a process of its own, with faults that depend on the seed.</summary>
internal static class Scenario
{
    /// <summary>The name and the key of the one message that every client sends.</summary>
    public const string Shared = "shared";

    /// <summary>Two seconds before a full hour, so that minutes and hours begin during a run.</summary>
    public static readonly DateTimeOffset Start = new(2026, 1, 2, 9, 59, 58, TimeSpan.Zero);

    /// <param name="earlier">True to run an instance of version 0.2.0 beside the others.</param>
    public static async Task RunAsync(Simulation run, TableDefect? defect = null, bool earlier = false)
    {
        var model = new Model(run, defect);
        var setup = new ParleyProcess(model.Tables.Connect("setup"), run.Time, run.Seed);
        await setup.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        var (first, _) = await setup.Creation.CreateAsync(OnStrictTables.Appends.Tenant, new("first", "web", null, null, null, null, null), null, CancellationToken.None);
        model.Conversations.Add(first.Key);

        var random = new Random(run.Seed);
        run.CallTime = new[] { TimeSpan.Zero, TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(4) }[random.Next(4)];
        run.SlowOneIn = random.Next(3) == 0 ? 20 : 0;
        var faultMix = random.Next(4);
        var shared = new Request(Shared);
        var actors = Enumerable.Range(0, 2 + random.Next(2)).Select(i => new Actor(model, $"p{i}", run.Seed * 10 + i, Faults)).ToList();
        var earlierRun = earlier ? RunEarlierAsync(model, new Random(run.Seed + 1)) : Task.CompletedTask;
        await Task.WhenAll(actors.Select(async actor =>
        {
            if (actors.IndexOf(actor) < 2)
            {
                await actor.AppendSharedAsync(shared);
            }

            await actor.RunAsync(2 + run.Seed % 2);
        }).Append(earlierRun));
        run.DeliverLate();
        await model.VerifyAsync();

        // A quarter of the runs has only concurrency, a quarter also unanswered calls, a quarter crashes, and a quarter
        // both.
        Func<TableCall, Fault>? Faults(Random own) => faultMix switch
        {
            0 => null,
            1 => TableHooks.OneIn(6, own.Next(), Fault.Unanswered),
            2 => TableHooks.OneIn(12, own.Next(), CrashExploration.CrashesAndLateCalls),
            _ => TableHooks.OneIn(8, own.Next(), [.. Fault.Unanswered, .. CrashExploration.CrashesAndLateCalls]),
        };
    }

    /// <summary>Appends and edits of version 0.2.0, over some minutes.</summary>
    private static async Task RunEarlierAsync(Model model, Random random)
    {
        var instance = model.StartEarlier("earlier", random.Next());
        for (var i = 0; i < 5; i++)
        {
            await Task.Delay(TimeSpan.FromSeconds(random.Next(random.Next(2) == 0 ? 3 : 60)), model.Run.Time);
            var conversation = model.Conversations[random.Next(model.Conversations.Count)];
            if (random.Next(3) == 0)
            {
                await instance.EditAsync(conversation);
                continue;
            }

            var request = new Request($"earlier.{i}");
            model.Appends.Add(request);
            request.Message = await instance.AppendAsync(conversation, request.Name);
            request.Outcome = request.Message is null ? Outcome.NotStored : Outcome.Stored;
        }
    }
}
