using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Parley.Core;

namespace Parley.Benchmarks;

/// <summary>
/// Runs 32 clients on 64 conversations that post, edit, delete, read, list and open tickets through all three APIs,
/// many on one conversation at once. Speed is not compared: the checks are that requests fail only with 503, and that
/// memory stays constant.
/// </summary>
internal static class MixedMeasure
{
    private const int Clients = 32;
    private const int Conversations = 64;

    /// <summary>
    /// The permitted variation of the heap after a full collection: pools and caches fill during the run.
    /// </summary>
    private const int FlatMegabytes = 16;

    private static readonly TimeSpan Length = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan SampleEvery = TimeSpan.FromSeconds(10);

    public static async Task<bool> RunAsync(BenchOptions options)
    {
        Console.WriteLine($"mixed: {Clients} clients on {Conversations} conversations, {Length.TotalSeconds} s");
        await using var system = await StartedSystem.StartAsync();
        using var client = await system.NewTenantAsync();
        var conversations = new List<ConversationKey>();
        for (var i = 0; i < Conversations; i++)
        {
            conversations.Add(await client.CreateConversationAsync());
        }

        var sender = (await client.SendAsync(HttpMethod.Post, "v1/senders", new JsonObject { ["entity"] = "external_user", ["name"] = "Ada" })).GetProperty("number").GetInt32();
        var statuses = new ConcurrentDictionary<int, int>();
        var heap = new List<double>();
        using var over = new CancellationTokenSource();
        var sampling = SampleAsync(statuses, heap, over.Token);
        var result = await Load.RunAsync(Clients, Length, int.MaxValue, worker =>
        {
            var random = new Random(worker);
            return async () =>
            {
                var (method, path, body) = Next(random, conversations[random.Next(Conversations)], sender);
                var status = await client.StatusAsync(method, path, body);
                statuses.AddOrUpdate(status, 1, (_, count) => count + 1);
            };
        });
        await over.CancelAsync();
        await sampling;

        Console.WriteLine($"  {result.Requests} requests, {result.Rate:F0}/s, p50 {result.P50:F0} ms, p99 {result.P99:F0} ms; {Text(statuses)}");
        Console.WriteLine($"  heap after collection: first {heap[0]:F1} MB, last {heap[^1]:F1} MB, most {heap.Max():F1} MB");
        var failed = statuses.Keys.Any(status => status >= 500 && status != 503);
        var grown = heap[^1] - heap[0] > FlatMegabytes;
        Console.WriteLine($"  {(failed ? "FAILED: a 5xx other than 503" : grown ? $"FAILED: the heap grew by more than {FlatMegabytes} MB" : "no 5xx but 503, memory flat")}");
        return !failed && !grown;
    }

    private static (HttpMethod Method, string Path, JsonObject? Body) Next(Random random, ConversationKey conversation, int sender)
    {
        var number = conversation.Number;
        var text = SampleText.Next(random);
        var messages = TenantClient.Messages(conversation);
        var message = new MessageKey(conversation, 1 + random.Next(20)).IntegerId;
        return random.Next(100) switch
        {
            < 20 => (HttpMethod.Post, messages, new JsonObject { ["message"] = text }),
            < 30 => (HttpMethod.Post, messages, new JsonObject { ["message"] = text, ["sender"] = sender }),
            < 40 => (HttpMethod.Post, "v1/chat-messages", new JsonObject { ["chatId"] = number, ["content"] = text, ["role"] = "user", ["externalId"] = $"{random.Next(1000):D4}" }),
            < 48 => (HttpMethod.Post, "v1/messages", new JsonObject { ["conversation"] = number, ["content"] = text }),
            < 60 => (HttpMethod.Get, $"{messages}?page={1 + random.Next(3)}&per_page=50", null),
            < 68 => (HttpMethod.Get, $"v1/chat-messages?chatId={number}&limit=100&joins=senders", null),
            < 74 => (HttpMethod.Get, $"v1/messages?conversation={number}&pageSize=50", null),
            < 80 => (HttpMethod.Get, "v1/conversations?pageSize=20", null),
            < 85 => (HttpMethod.Post, $"v1/conversations/{number}/read", []),
            < 90 => (HttpMethod.Put, $"{messages}/{message}", new JsonObject { ["message"] = text }),
            < 93 => (HttpMethod.Delete, $"{messages}/{message}", null),
            < 96 => (HttpMethod.Patch, $"v1/conversations/{number}", new JsonObject { ["title"] = text[..10] }),
            < 98 => (HttpMethod.Post, "v1/tickets", new JsonObject { ["chatId"] = number }),
            _ => (HttpMethod.Post, "v1/conversations", new JsonObject { ["channel"] = "web", ["address"] = $"+{random.Next(50)}" }),
        };
    }

    private static async Task SampleAsync(ConcurrentDictionary<int, int> statuses, List<double> heap, CancellationToken over)
    {
        using var timer = new PeriodicTimer(SampleEvery);
        var begun = Stopwatch.GetTimestamp();
        try
        {
            while (await timer.WaitForNextTickAsync(over))
            {
                heap.Add(GC.GetTotalMemory(forceFullCollection: true) / 1048576.0);
                Console.WriteLine(
                    $"  {Stopwatch.GetElapsedTime(begun).TotalSeconds,3:F0} s: {statuses.Values.Sum()} requests, heap {heap[^1]:F1} MB, working set {Environment.WorkingSet / 1048576.0:F0} MB");
            }
        }
        catch (OperationCanceledException)
        {
            // Expected when the load ends.
        }
    }

    private static string Text(ConcurrentDictionary<int, int> statuses) =>
        string.Join(", ", statuses.OrderBy(pair => pair.Key).Select(pair => $"{pair.Value} × {pair.Key}"));
}
