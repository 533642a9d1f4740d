using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Azure.Data.Tables;
using Microsoft.Extensions.DependencyInjection;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Core;
using Parley.Storage;

namespace Parley.Benchmarks;

/// <summary>
/// Measures follow-ups that are all due at one minute, one to a conversation, for a hundred tenants and for one. They
/// are enqueued ahead, as the timer does. When their minute comes, the host's queue function sends them, while the
/// timer runs again. Raw runs before and after, on its own storage with as many conversations, because storage slows
/// down as it fills.
/// </summary>
internal static class FollowUpMeasure
{
    private const int DefaultCount = 10_000;

    private const int AtOnce = 16;

    /// <summary>Parley's own number of concurrent chunks.</summary>
    private const int ChunksAtOnce = 6;

    private const int Chunk = FollowUpChunk.MaxRows;

    /// <summary>Follow-ups a second, of a hundred tenants and of one.</summary>
    private const int Target = 500, TargetOfOne = 300;

    /// <summary>The deployed schedule.</summary>
    private const string EveryMinute = "0 * * * * *";

    /// <summary>The timer enqueues a minute ahead, unless the follow-ups are created too late for that.</summary>
    private static readonly TimeSpan EnqueueAhead = TimeSpan.FromSeconds(50);

    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Forever = TimeSpan.FromHours(1);

    public static async Task<bool> RunAsync(BenchOptions options)
    {
        var count = options.Count ?? DefaultCount;
        Console.WriteLine($"follow-ups: {count} due at one minute, one to a conversation; storage: {options.Storage}");
        await RunAsync(options.Storage, count, tenants: Math.Min(100, count));
        await RunAsync(options.Storage, count, tenants: 1);
        return true;
    }

    /// <summary>Sends follow-ups of new tenants that are due already, in a system whose timer does not run.</summary>
    /// <returns>The number sent a second, and the processor time of each without storage, in milliseconds.</returns>
    internal static async Task<(double Rate, double CpuMilliseconds)> SendDueAsync(StartedSystem system, int count)
    {
        await system.Storage.PauseAsync();
        var seed = await FollowUpSeed.MakeAsync(system);
        var chats = await seed.FillAsync(await NewTenantsAsync(system, 10), count, Past);
        await system.Storage.BeginAsync();
        var waited = TimeProvider.System.GetUtcNow() - Past;
        var (sending, dispatch) = (new FollowUpSending(system), system.Services.GetRequiredService<FollowUpDispatch>());
        await dispatch.DispatchAsync(CancellationToken.None);
        var sent = await sending.SendAsync(chats, Past);
        return (count / (sent.Latencies[^1] - waited.TotalMilliseconds) * 1000, sent.CpuMilliseconds);
    }

    private static async Task RunAsync(StorageKind kind, int count, int tenants)
    {
        Console.WriteLine($"  of {tenants} {(tenants == 1 ? "tenant" : "tenants")}:");
        var (alone, reading, whole) = (new RawShare(), new RawShare(), new RawShare());
        var filling = await RunRawAsync(kind, count, tenants, async (raw, chats) =>
        {
            foreach (var quarter in chats.Chunk((chats.Count + 3) / 4).Index())
            {
                await (quarter.Index % 2 == 0
                    ? alone.RunAsync(AtOnce, quarter.Item.Chunk(1), chunk => raw.SendAsync(chunk[0]))
                    : reading.RunAsync(AtOnce, quarter.Item.Chunk(1), chunk => raw.ReadAndSendAsync(chunk[0])));
            }
        });
        Console.WriteLine($"    raw: {alone.Rate:0}/s, with reads {reading.Rate:0}/s");
        var (queued, sent) = await RunParleyAsync(kind, count, tenants, filling);
        Console.WriteLine($"    Parley: {sent.Rate:0}/s");
        await RunRawAsync(kind, count, tenants, async (raw, chats) =>
        {
            foreach (var half in chats.Chunk((chats.Count + 1) / 2))
            {
                var chunks = half.GroupBy(chat => chat.Key.Tenant).SelectMany(tenant => tenant.Chunk(Chunk));
                await whole.RunAsync(ChunksAtOnce, chunks, chunk => raw.SendChunkAsync(chunk, FarAway));
            }
        });
        Print(tenants == 1 ? TargetOfOne : Target, sent, queued, alone, reading, whole);
    }

    /// <returns>The time that it took to create the conversations.</returns>
    private static async Task<TimeSpan> RunRawAsync(StorageKind kind, int count, int tenants, Func<RawFollowUps, IReadOnlyList<SeededChat>, Task> run)
    {
        await using var system = await StartedSystem.StartAsync(kind: kind);
        var seed = await FollowUpSeed.MakeAsync(system);
        var raw = new RawFollowUps(system.RawTables, TimeProvider.System, new RandomSource());
        await raw.SendChunkAsync([.. await seed.FillAsync(await NewTenantsAsync(system, 1), Chunk, Past)], Past);
        Console.WriteLine($"    creating {count} for raw");
        var owners = await NewTenantsAsync(system, tenants);
        var begun = Stopwatch.GetTimestamp();
        var chats = await seed.FillAsync(owners, count, FarAway);
        var filling = Stopwatch.GetElapsedTime(begun);
        await system.Storage.BeginAsync();
        await run(raw, chats);
        return filling;
    }

    private static async Task<(TimeSpan? Queued, Sending Sent)> RunParleyAsync(StorageKind kind, int count, int tenants, TimeSpan filling)
    {
        await using var system = await StartedSystem.StartAsync(followUpSchedule: EveryMinute, kind: kind);
        var seed = await FollowUpSeed.MakeAsync(system);
        var sending = new FollowUpSending(system);
        await sending.WarmUpAsync(await seed.FillAsync(await NewTenantsAsync(system, 1), 2 * Chunk, Past), Past);

        var owners = await NewTenantsAsync(system, tenants);
        var dueAt = WholeMinute(TimeProvider.System.GetUtcNow() + (filling * 1.5) + TimeSpan.FromSeconds(10));
        Console.WriteLine($"    creating {count} due at {dueAt:HH:mm:ss}");
        var chats = await seed.FillAsync(owners, count, dueAt);
        await system.Storage.BeginAsync();
        var early = dueAt - TimeProvider.System.GetUtcNow() - EnqueueAhead;
        await Task.Delay(early > TimeSpan.Zero ? early : TimeSpan.Zero, TimeProvider.System);
        return (await sending.DispatchAsync(dueAt, count), await sending.SendAsync(chats, dueAt));
    }

    private static DateTimeOffset Past { get; } = WholeMinute(TimeProvider.System.GetUtcNow()).AddMinutes(-2);

    private static DateTimeOffset FarAway { get; } = Past.AddYears(1);

    private static DateTimeOffset WholeMinute(DateTimeOffset at) => DateTimeOffset.FromUnixTimeSeconds((at.Minute() + 1) * 60);

    private static async Task<IReadOnlyList<TenantId>> NewTenantsAsync(StartedSystem system, int count)
    {
        var tenants = new List<TenantId>(count);
        for (var i = 0; i < count; i++)
        {
            using var client = await system.NewTenantAsync();
            tenants.Add(client.Tenant);
        }

        return tenants;
    }

    private static void Print(int target, Sending sent, TimeSpan? queued, RawShare alone, RawShare reading, RawShare whole)
    {
        var table = new TextTable("", "follow-ups/s", "Parley : it", "each run", "target", "");
        table.Add("Parley, from the minute to the last one sent", Text(sent.Rate), "", "", $"≥ {target}", sent.Rate >= target ? "met" : "missed");
        Add("raw: the transaction alone", alone);
        Add("raw: two reads and the transaction", reading);
        Add("raw: all calls, index rows too", whole);
        table.Print();
        Console.WriteLine(
            $"  sent after their minute: p50 {Percentile.Of(sent.Latencies, 0.5):0} ms, p99 {Percentile.Of(sent.Latencies, 0.99):0} ms, first {sent.Latencies[0]:0} ms, last {sent.Latencies[^1]:0} ms; "
            + $"index rows cleaned after {sent.Cleaned.TotalSeconds:0.0} s");
        Console.WriteLine($"  queued {(queued is { } took ? $"in {took.TotalSeconds:0.0} s" : "by the timer")}; every one sent once");
        Console.WriteLine(
            $"  processor time each: {sent.CpuMilliseconds:0.00} ms without storage ({sent.CpuShare:P0} of all cores), {sent.StorageMilliseconds:0.00} ms of the storage ({sent.StorageShare:P0}); "
            + $"requests beyond a limit: {sent.Refused}");

        void Add(string name, RawShare raw) =>
            table.Add(name, Text(raw.Rate), $"{(sent.Rate / raw.Rate).ToString("0.00", CultureInfo.InvariantCulture)} ×", raw.Runs, "", "");
    }

    private static string Text(double rate) => rate.ToString("0", CultureInfo.InvariantCulture);

    /// <summary>The result of a run of Parley.</summary>
    /// <param name="Latencies">The time from the due minute until each was sent, in milliseconds, sorted.</param>
    /// <param name="Cleaned">The time from the due minute until no schedule row was left.</param>
    /// <param name="CpuMilliseconds">Processor time of this process for each follow-up.</param>
    /// <param name="StorageMilliseconds">Processor time of the storage for each follow-up.</param>
    /// <param name="Refused">Requests that the storage refused as beyond a limit.</param>
    private sealed record Sending(double[] Latencies, TimeSpan Cleaned, double CpuMilliseconds, double StorageMilliseconds, long Refused)
    {
        public double CpuShare => Share(CpuMilliseconds);

        public double StorageShare => Share(StorageMilliseconds);

        public double Rate => Latencies.Length / Latencies[^1] * 1000;

        private double Share(double milliseconds) => milliseconds * Latencies.Length / Cleaned.TotalMilliseconds / Environment.ProcessorCount;
    }

    /// <summary>One variant of raw, in several runs.</summary>
    private sealed class RawShare
    {
        private readonly List<double> rates = [];
        private double seconds;
        private int count;

        public double Rate => count / seconds;

        public string Runs => string.Join(", ", rates.Select(Text));

        public async Task RunAsync(int atOnce, IEnumerable<SeededChat[]> chunks, Func<SeededChat[], Task> send)
        {
            var waiting = new ConcurrentQueue<SeededChat[]>(chunks);
            var some = waiting.Sum(chunk => chunk.Length);
            var result = await Load.RunAsync(atOnce, Forever, waiting.Count, _ => async () =>
            {
                waiting.TryDequeue(out var chunk);
                await send(chunk!);
            });
            rates.Add(some / result.Elapsed.TotalSeconds);
            count += some;
            seconds += result.Elapsed.TotalSeconds;
        }
    }

    /// <summary>Sends the follow-ups through Parley.</summary>
    private sealed class FollowUpSending(StartedSystem system)
    {
        private readonly ParleyTables tables = system.RawTables;
        private readonly FollowUpDispatch dispatch = system.Services.GetRequiredService<FollowUpDispatch>();

        public async Task WarmUpAsync(IReadOnlyList<SeededChat> chats, DateTimeOffset dueAt)
        {
            Console.WriteLine("    warming up");
            await dispatch.DispatchAsync(CancellationToken.None);
            await WaitUntilGoneAsync(dueAt);
            await ReadAsync(chats, dueAt);
        }

        /// <summary>Enqueues them as the timer does.</summary>
        /// <returns>The duration; null when the timer has already enqueued them.</returns>
        public async Task<TimeSpan?> DispatchAsync(DateTimeOffset dueAt, int expected)
        {
            var begun = Stopwatch.GetTimestamp();
            var queued = await dispatch.DispatchAsync(CancellationToken.None);
            var elapsed = Stopwatch.GetElapsedTime(begun);
            var rest = dueAt - TimeProvider.System.GetUtcNow();
            Console.WriteLine($"    queued {queued} of {expected} in {elapsed.TotalSeconds:0.0} s, {rest.TotalSeconds:0.0} s ahead");
            return rest > TimeSpan.Zero ? (queued == expected ? elapsed : null) : throw new BenchmarkException("Their minute came before they were queued.");
        }

        public async Task<Sending> SendAsync(IReadOnlyList<SeededChat> chats, DateTimeOffset dueAt)
        {
            var rest = dueAt - TimeProvider.System.GetUtcNow();
            await Task.Delay(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, TimeProvider.System);
            var (cpu, storageCpu) = (Environment.CpuUsage.TotalTime, system.Storage.Cpu);
            await WaitUntilGoneAsync(dueAt);
            var cleaned = TimeProvider.System.GetUtcNow() - dueAt;
            cpu = Environment.CpuUsage.TotalTime - cpu;
            storageCpu = system.Storage.Cpu - storageCpu;
            var refused = await system.Storage.RefusedAsync();
            await system.Storage.PauseAsync();
            return new Sending(await ReadAsync(chats, dueAt), cleaned, cpu.TotalMilliseconds / chats.Count, storageCpu.TotalMilliseconds / chats.Count, refused);
        }

        private async Task WaitUntilGoneAsync(DateTimeOffset dueAt)
        {
            var (begun, said) = (Stopwatch.GetTimestamp(), 0);
            var schedule = new Schedule(tables, new ScheduleOptions(ScheduleTable.Schedule));
            while (await schedule.ReadDueAsync(FollowUpRowKeys.ScheduledFollowUps, dueAt, CancellationToken.None).AnyAsync())
            {
                var elapsed = Stopwatch.GetElapsedTime(begun);
                if (elapsed > Patience)
                {
                    throw new BenchmarkException($"Follow-ups were left after {Patience.TotalMinutes} minutes.");
                }

                if (elapsed.TotalSeconds / 5 >= said + 1)
                {
                    said++;
                    Console.WriteLine($"    {elapsed.TotalSeconds:0} s");
                }

                await Task.Delay(PollEvery, TimeProvider.System);
            }
        }

        /// <summary>Reads when each was sent; it is an error if one was not sent exactly once.</summary>
        private async Task<double[]> ReadAsync(IReadOnlyList<SeededChat> chats, DateTimeOffset dueAt)
        {
            var (first, last) = (chats[0].Key.PartitionKey, chats[^1].Key.PartitionKey);
            var filter = TableClient.CreateQueryFilter(
                $"PartitionKey ge {first} and PartitionKey le {last} and (RowKey eq {ConversationRowKeys.Head} or (RowKey ge {"f|"} and RowKey lt {"f|~"}) or (RowKey ge {"m|"} and RowKey lt {"m|~"}))");
            var rows = await tables.Conversations.QueryAsync<TableEntity>(filter).ToListAsync();
            var latencies = new List<double>(chats.Count);
            foreach (var (chat, stored) in chats.Zip(rows.GroupBy(row => row.PartitionKey)))
            {
                var (head, followUp) = (stored.Single(row => row.RowKey == ConversationRowKeys.Head), stored.Single(row => row.RowKey == FollowUpRowKeys.FollowUp(chat.Number)));
                if (head.GetInt32("Last") != chat.Number + 1 || stored.Count() != 4 || head.GetString("Pending") != "" || followUp.GetInt32("Status") != (int)FollowUpStatus.Sent || followUp.GetInt32("Rev") != 2)
                {
                    throw new BenchmarkException($"The follow-up of {stored.Key} was not sent exactly once.");
                }

                latencies.Add((followUp.GetDateTimeOffset("FinishedAt")!.Value - dueAt).TotalMilliseconds);
            }

            return latencies.Count == chats.Count && latencies.TrueForAll(latency => latency >= 0)
                ? [.. latencies.Order()]
                : throw new BenchmarkException($"{chats.Count} follow-ups were due, {latencies.Count} are sent, {latencies.Count(latency => latency < 0)} too early.");
        }
    }
}
