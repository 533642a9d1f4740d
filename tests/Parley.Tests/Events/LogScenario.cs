using Parley.Events;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.Conversations;
using Parley.Tests.Conversations.FollowUps;
using Parley.Tests.OnStrictTables;

namespace Parley.Tests.Events;

/// <summary>
/// Clients whose clocks differ by up to five minutes write, with faults and crashes, while a reader follows the tenant's
/// feed from cursor to cursor.
/// </summary>
internal static class LogScenario
{
    private static readonly TimeSpan MaxSkew = TimeSpan.FromMinutes(5);

    /// <summary>No call that its caller has given up is carried out later: a request is not under way for half a minute.</summary>
    private static readonly IReadOnlyList<Fault> Faults =
        [Fault.Busy, Fault.BusyAfter, Fault.TimeOut, Fault.TimeOutAfter, Fault.Lost, Fault.LostAfter, .. CrashExploration.Crashes];

    /// <param name="defect">A defect of the writers.</param>
    /// <param name="settle">How long after its end the reader reads a minute; null for the product's time.</param>
    /// <param name="resume">Where the reader goes on after a page; null for the page's own position.</param>
    public static async Task RunAsync(
        Simulation run, TableDefect? defect = null, TimeSpan? settle = null, Func<FeedPage, FeedPosition>? resume = null)
    {
        var random = new Random(run.Seed);
        var model = new Model(run, defect) { Skew = seed => MaxSkew * (new Random(seed).NextDouble() * 2 - 1) };
        var setup = model.Start("setup", run.Seed);
        await setup.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        var (first, _) = await setup.Creation.CreateAsync(Appends.Tenant, new("first", "web", null, null, null, null, null), null, CancellationToken.None);
        model.Conversations.Add(first.Key);
        run.CallTime = new[] { TimeSpan.Zero, TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(1) }[random.Next(3)];
        var faulty = random.Next(3) > 0;
        var reader = new Reader(run, model, settle, resume, random.Next());
        var reading = reader.FollowAsync();
        await Task.WhenAll(Enumerable.Range(0, 2 + random.Next(2)).Select(i => WriteAsync(run, new Actor(
            model, $"p{i}", run.Seed * 10 + i, own => faulty ? TableHooks.OneIn(10, own.Next(), Faults) : null), random.Next())));
        run.DeliverLate();
        reader.Stop();
        await reading;
        model.Log.Verify(reader.Read);
        await LogModel.VerifyConversationsAsync(reader.Feed, reader.Read);
    }

    private static async Task WriteAsync(Simulation run, Actor actor, int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 3; i++)
        {
            await actor.RunAsync(1 + random.Next(2));
            await Task.Delay(TimeSpan.FromSeconds(random.Next(random.Next(2) == 0 ? 5 : 70)), run.Time);
        }
    }

    private sealed class Reader(Simulation run, Model model, TimeSpan? settle, Func<FeedPage, FeedPosition>? resume, int seed)
    {
        private readonly Random random = new(seed);
        private bool isLast;

        public List<FeedChange> Read { get; } = [];

        public ChangeFeed Feed { get; } = NewFeed(run, model, settle, seed);

        public void Stop() => isLast = true;

        public async Task FollowAsync()
        {
            var next = FeedPosition.Beginning;
            for (var isDone = false; !isDone;)
            {
                if (isDone = isLast)
                {
                    await Task.Delay(TimeSpan.FromMinutes(2), run.Time);
                }

                var page = new FeedPage([], next, IsAtEnd: false);
                while (!page.IsAtEnd)
                {
                    page = await Feed.ReadAsync(Appends.Tenant, next, 1 + random.Next(4), _ => true, CancellationToken.None);
                    Read.AddRange(page.Changes);
                    next = resume?.Invoke(page) ?? page.Next;
                }

                await Task.Delay(TimeSpan.FromSeconds(random.Next(40)), run.Time);
            }
        }

        private static ChangeFeed NewFeed(Simulation run, Model model, TimeSpan? settle, int seed)
        {
            var clock = new StorageClock(new SkewedTime(run.Time, MaxSkew * (new Random(seed).NextDouble() * 2 - 1)));
            var tables = new ParleyTables(run.Connect(model.Tables, "reader").ServiceClient(clock: clock));
            return new ChangeFeed(tables, clock) { Settle = settle ?? ChangeFeed.SettleTime };
        }
    }
}
