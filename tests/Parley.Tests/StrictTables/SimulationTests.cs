using System.Threading.Channels;
using Azure.Data.Tables;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.OnStrictTables;

public sealed class SimulationTests
{
    [Fact]
    public async Task Time_advances_when_all_code_waits()
    {
        var log = new List<string>();
        var run = await Interleaving.RunAsync(1, async run =>
        {
            async Task SleepAsync(string name, int seconds)
            {
                await Task.Delay(TimeSpan.FromSeconds(seconds), run.Time);
                log.Add($"{name} {run.Time.GetUtcNow():mm:ss}");
            }

            await Task.WhenAll(SleepAsync("a", 30), SleepAsync("b", 10), SleepAsync("c", 30));
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(5), run.Time);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.Delay(TimeSpan.FromHours(1), run.Time, timeout.Token));
            log.Add($"{run.Time.GetUtcNow():mm:ss}");
        });
        Assert.Equal(["b 00:10", "a 00:30", "c 00:30", "00:35"], log);
        Assert.Equal(new VirtualTime().GetUtcNow().AddSeconds(35), run.Time.GetUtcNow());
    }

    [Fact]
    public void Timers_repeat_and_stop()
    {
        var time = new VirtualTime();
        var ticks = 0;
        using (time.CreateTimer(_ => ticks++, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)))
        {
            time.Advance(TimeSpan.FromSeconds(4.5));
            Assert.Equal(2, ticks);
        }

        Assert.False(time.AdvanceToNext());
        Assert.Equal(TimeSpan.FromSeconds(4.5), time.GetElapsedTime(new VirtualTime().GetTimestamp()));
    }

    [Fact]
    public Task Locks_yields_and_channels_stay_on_the_thread() => Interleaving.ExploreAsync(50, async run =>
    {
        var tables = new StrictTables(run.Time);
        var table = run.Connect(tables, "one").ServiceClient().GetTableClient("Table");
        await table.CreateIfNotExistsAsync();
        using var gate = new SemaphoreSlim(1, 1);
        var channel = Channel.CreateUnbounded<int>();
        var thread = Environment.CurrentManagedThreadId;

        async Task WriteAsync(int number)
        {
            await gate.WaitAsync(CancellationToken.None);
            try
            {
                await Task.Yield();
                var row = await table.GetEntityIfExistsAsync<TableEntity>("p", "r");
                await table.UpsertEntityAsync(new TableEntity("p", "r") { ["N"] = (row.HasValue ? row.Value!.GetInt32("N") : 0) + 1 });
                await channel.Writer.WriteAsync(number);
                Assert.Equal(thread, Environment.CurrentManagedThreadId);
            }
            finally
            {
                gate.Release();
            }
        }

        async Task<int> ReadAsync()
        {
            var sum = 0;
            for (var i = 0; i < 5; i++)
            {
                sum += await channel.Reader.ReadAsync();
            }

            return sum;
        }

        var reading = ReadAsync();
        await Task.WhenAll(Enumerable.Range(1, 5).Select(WriteAsync));
        Assert.Equal(15, await reading);
        Assert.Equal(5, (await table.GetEntityAsync<TableEntity>("p", "r")).Value.GetInt32("N"));
    });

    [Fact]
    public async Task A_lost_update_is_found_and_its_seed_repeats_it()
    {
        var failure = await Assert.ThrowsAsync<InterleavingException>(() => Interleaving.ExploreAsync(50, CountWithoutConditionAsync));
        var seed = ((SimulationException)failure.InnerException!).Message.Split("Seed ")[1].Split(',')[0];
        Assert.Matches($"^The run of seed {seed} failed; PARLEY_SEED={seed} plays it again", failure.Message);
        Assert.Contains("#2 UpsertReplace Table p [r] -> 204", failure.Message);

        var again = await Assert.ThrowsAsync<SimulationException>(() => Interleaving.RunAsync(int.Parse(seed, System.Globalization.CultureInfo.InvariantCulture), CountWithoutConditionAsync));
        Assert.Equal(failure.InnerException.Message, again.Message);
    }

    [Fact]
    public async Task A_slow_call_is_given_up_and_then_lands_late_or_never()
    {
        var outcomes = new HashSet<string>(StringComparer.Ordinal);
        await Interleaving.ExploreAsync(100, async run =>
        {
            var tables = new StrictTables(run.Time);
            await tables.Connect().ServiceClient().GetTableClient("Table").CreateIfNotExistsAsync();
            run.SlowOneIn = 3;
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(10), run.Time);
            var table = run.Connect(tables, "slow").ServiceClient().GetTableClient("Table");
            var outcome = "done";
            try
            {
                await table.AddEntityAsync(new TableEntity("p", "r"), timeout.Token);
            }
            catch (OperationCanceledException)
            {
                outcome = "given up";
            }

            run.SlowOneIn = 0;
            var there = (await table.GetEntityIfExistsAsync<TableEntity>("p", "r")).HasValue;
            run.DeliverLate();
            outcomes.Add($"{outcome}, {there}, {(await table.GetEntityIfExistsAsync<TableEntity>("p", "r")).HasValue}");
        });
        Assert.Equal(["done, True, True", "given up, False, False", "given up, False, True", "given up, True, True"], outcomes.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_deadlock_is_reported() => Assert.Contains(
        "Nothing can go on",
        (await Assert.ThrowsAsync<SimulationException>(() => Interleaving.RunAsync(1, _ => new TaskCompletionSource().Task))).Message);

    [Fact]
    public async Task An_endless_run_is_reported() => Assert.Contains(
        "has not ended",
        (await Assert.ThrowsAsync<SimulationException>(() => Interleaving.RunAsync(1, async run =>
        {
            while (true)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), run.Time);
            }
        }))).Message);

    [Fact]
    public async Task Work_on_another_thread_is_detected()
    {
        var cases = new Func<Simulation, Task>[]
        {
            async _ =>
            {
                var source = new TaskCompletionSource();
                var waiting = WaitAsync(source.Task);
                new Thread(source.SetResult).Start();
                await waiting;
            },
            async _ =>
            {
                using var gate = new SemaphoreSlim(0, 1);
                using var source = new CancellationTokenSource();
                var waiting = WaitAsync(gate.WaitAsync(source.Token));
                gate.Release();
                await waiting;
            },
            run => Task.Run(() => run.Connect(new StrictTables(run.Time), "a").ServiceClient().GetTableClient("Table").CreateIfNotExistsAsync()),
        };
        foreach (var each in cases)
        {
            var failure = await Assert.ThrowsAsync<SimulationException>(() => Interleaving.RunAsync(1, each));
            Assert.Contains("not deterministic", failure.Message);
        }
    }

    private static async Task WaitAsync(Task task) => await task;

    private static async Task CountWithoutConditionAsync(Simulation run)
    {
        var tables = new StrictTables(run.Time);
        await tables.Connect().ServiceClient().GetTableClient("Table").CreateIfNotExistsAsync();
        await Task.WhenAll(((string[])["a", "b"]).Select(async name =>
        {
            var table = run.Connect(tables, name).ServiceClient().GetTableClient("Table");
            var row = await table.GetEntityIfExistsAsync<TableEntity>("p", "r");
            await table.UpsertEntityAsync(new TableEntity("p", "r") { ["N"] = (row.HasValue ? row.Value!.GetInt32("N") : 0) + 1 }, TableUpdateMode.Replace);
        }));
        var count = (await tables.Connect().ServiceClient().GetTableClient("Table").GetEntityAsync<TableEntity>("p", "r")).Value.GetInt32("N");
        Assert.Equal(2, count);
    }
}
