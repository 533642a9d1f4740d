using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Azure.Core;
using Azure.Data.Tables;
using Microsoft.Extensions.DependencyInjection;
using Parley.Core;
using Parley.Storage;

namespace Parley.Benchmarks;

/// <summary>
/// Two tenants with the same limit: a quiet one at half of it, and one that sends ten times of it. Requests are sent at
/// fixed times, and a request's time counts from when it was due, so a slow server cannot slow down its measurement.
/// Everything, the clients too, shares one machine.
/// </summary>
internal static class TenantsMeasure
{
    private const int Rounds = 5;
    private const int LimitPerSecond = 40;
    private const int Refusals = 500;
    private const int Excess = 10;
    private const int Conversations = 20;
    private const double MaxRatio = 2;

    /// <summary>The tenant whose quota is used up after one request. Tenants are numbered in order.</summary>
    private const int ExhaustedTenant = 3;

    public static async Task<bool> RunAsync(BenchOptions options)
    {
        var length = options.RoundLength * 5;
        Console.WriteLine($"tenants: limit {LimitPerSecond}/s each; one sends {LimitPerSecond / 2}/s, the other {LimitPerSecond * Excess}/s; {Rounds} rounds of {length.TotalSeconds} s without and with the other");
        var calls = new StorageCalls();
        await using var system = await StartedSystem.StartAsync(
            (services, connectionString) =>
            {
                var tables = StorageClients.TableOptions();
                tables.AddPolicy(calls, HttpPipelinePosition.PerRetry);
                services.AddSingleton(new TableServiceClient(connectionString, tables));
            },
            more:
            [
                new("Limits__Tenant__Requests", $"{LimitPerSecond}/1s"),
                new($"Limits__Tenants__{ExhaustedTenant}__Requests", "1/99999s"),
            ]);
        using var quiet = await system.NewTenantAsync();
        using var greedy = await system.NewTenantAsync();
        using var exhausted = await system.NewTenantAsync();
        var (quietChats, greedyChats) = (await CreateAsync(quiet), await CreateAsync(greedy));

        // Warm-up.
        await SendAsync(quiet, quietChats, LimitPerSecond / 2, length);
        var table = new TextTable("round", "alone p50 / p99 ms", "beside p50 / p99 ms", "p99 ratio", "quiet tenant", "other tenant");
        var (ratios, unavailable) = (new List<double>(), 0);
        for (var round = 1; round <= Rounds; round++)
        {
            var alone = await SendAsync(quiet, quietChats, LimitPerSecond / 2, length);
            var crowding = SendAsync(greedy, greedyChats, LimitPerSecond * Excess, length);
            var beside = await SendAsync(quiet, quietChats, LimitPerSecond / 2, length);
            var crowd = await crowding;
            ratios.Add(beside.P99 / alone.P99);
            unavailable += new[] { alone, beside, crowd }.Sum(sent => sent.Statuses.GetValueOrDefault(503));
            table.Add($"{round}", alone.Times, beside.Times, $"{ratios[^1]:F2}", beside.Answers, crowd.Answers);
        }

        table.Print();
        var made = await CountAsync(exhausted, calls);
        var ratio = Spread.Of(ratios);
        Console.WriteLine($"  p99 ratio: median {ratio.Median:F2} ({ratio.Min:F2} to {ratio.Max:F2}), limit {MaxRatio:F0}; {unavailable} × 503; {made} storage calls of {Refusals} refused requests");
        var isMet = ratio.Median <= MaxRatio && unavailable == 0 && made == 0;
        Console.WriteLine(isMet ? "  Every limit is met." : "  A limit is EXCEEDED.");
        return isMet;
    }

    private static async Task<IReadOnlyList<ConversationKey>> CreateAsync(TenantClient client)
    {
        var created = new List<ConversationKey>();
        while (created.Count < Conversations)
        {
            created.Add(await client.CreateConversationAsync());
            await Task.Delay(TimeSpan.FromSeconds(2.0 / LimitPerSecond), TimeProvider.System);
        }

        return created;
    }

    /// <summary>Sends posts and reads at a fixed rate.</summary>
    private static async Task<Sent> SendAsync(TenantClient client, IReadOnlyList<ConversationKey> chats, int rate, TimeSpan length)
    {
        var (statuses, running, times) = (new ConcurrentDictionary<int, int>(), new List<Task>(), new ConcurrentBag<double>());
        var began = Stopwatch.GetTimestamp();
        for (var number = 0; number < rate * length.TotalSeconds; number++)
        {
            var due = TimeSpan.FromSeconds((double)number / rate);
            if (due - Stopwatch.GetElapsedTime(began) is { Ticks: > 0 } early)
            {
                await Task.Delay(early, TimeProvider.System);
            }

            running.Add(SendOneAsync(number, due));
        }

        await Task.WhenAll(running);
        return new Sent([.. times.Order()], statuses);

        async Task SendOneAsync(int number, TimeSpan due)
        {
            var path = TenantClient.Messages(chats[number % chats.Count]);
            var status = number % 2 == 0
                ? await client.StatusAsync(HttpMethod.Post, path, new JsonObject { ["message"] = $"Message {number}" })
                : await client.StatusAsync(HttpMethod.Get, $"{path}?per_page=10", null);
            times.Add((Stopwatch.GetElapsedTime(began) - due).TotalMilliseconds);
            statuses.AddOrUpdate(status, 1, (_, count) => count + 1);
        }
    }

    /// <summary>The storage calls of requests that are refused; the key is known from the one before.</summary>
    private static async Task<int> CountAsync(TenantClient client, StorageCalls calls)
    {
        await client.StatusAsync(HttpMethod.Get, "v1/conversations/1", null);
        calls.TakeAll();
        for (var number = 0; number < Refusals; number++)
        {
            var status = await client.StatusAsync(HttpMethod.Get, "v1/conversations/1", null);
            if (status != 429)
            {
                throw new BenchmarkException($"A request beyond the quota was answered {status}.");
            }
        }

        return calls.TakeAll().Count;
    }

    /// <summary>The requests of one tenant.</summary>
    /// <param name="Milliseconds">Sorted: one for each request.</param>
    /// <param name="Statuses">The number of responses with each status.</param>
    private sealed record Sent(double[] Milliseconds, IReadOnlyDictionary<int, int> Statuses)
    {
        public double P99 => Percentile.Of(Milliseconds, 0.99);

        public string Times => $"{Percentile.Of(Milliseconds, 0.5):F1} / {P99:F1}";

        public string Answers => string.Join(", ", Statuses.OrderBy(pair => pair.Key).Select(pair => $"{pair.Value} × {pair.Key}"));
    }
}
