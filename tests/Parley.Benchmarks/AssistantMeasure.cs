using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Parley.Assistants.Providers;
using Parley.Core;
using Parley.DevHost.Commands;

namespace Parley.Benchmarks;

/// <summary>
/// Measures many streamed completions at once: the delay that Parley adds between the provider's chunk and the client,
/// because it stores every event before it sends it, and the memory that a stream uses. The host has its own process;
/// the provider and the clients run in this one.
/// </summary>
internal static class AssistantMeasure
{
    private const int Chunks = 100;
    private const string AdminKey = "an admin key of the measured streams";
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);
    private static readonly int[] Widths = [1, 20, 200];

    /// <summary>
    /// The number of streams that must be held at once. Their chunks are a second apart: more would measure this
    /// machine's cores.
    /// </summary>
    private const int Held = 1_000;

    private const int HeldChunks = 10;
    private static readonly TimeSpan HeldPace = TimeSpan.FromSeconds(1);

    /// <summary>The streams of <see cref="MaxAdded"/>, and the most that Parley may add to their p99, in milliseconds.</summary>
    private const int Judged = 200, MaxAdded = 100;

    public static async Task<bool> RunAsync(BenchOptions options)
    {
        Console.WriteLine($"assistants: streams of {Chunks} chunks, one every {Pace.TotalMilliseconds:0} ms; storage: {options.Storage}");
        await using var storage = await BenchStorage.StartAsync(options.Storage);
        await using var provider = await ChunkProvider.StartAsync();
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["AzureWebJobsStorage"] = storage.ConnectionString,
            ["Parley__AdminKey"] = AdminKey,
            ["FollowUpSchedule"] = StartedSystem.Never,
            ["HousekeepingSchedule"] = StartedSystem.Never,
            ["ExportSchedule"] = StartedSystem.Never,
            ["AssistantSchedule"] = StartedSystem.Never,
            ["Limits__RunningCompletions"] = "1000",
            ["Limits__Listeners"] = "1000",
            ["Providers__main__Endpoint"] = provider.Endpoint,
            ["Providers__main__Key"] = "none",
            ["Providers__main__Model"] = "numbers",
        };
        var port = KilledHost.FreePort();
        using var host = await KilledHost.StartAsync(port, settings);
        var api = new Uri($"http://127.0.0.1:{port}/api/");
        using var admin = new AdminClient(api, AdminKey);
        var access = await admin.CreateTenantAsync("Streams", "Key");
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = api, Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", access.ApiKey);
        using var made = await client.PostAsJsonAsync("v1/chatbots", new { name = "Numbers" });
        made.EnsureSuccessStatusCode();

        // Created in advance: Parley would refuse so many new conversations of one tenant at one moment with a request
        // to retry.
        for (var number = 1; number <= Held; number++)
        {
            using var conversation = await client.PostAsJsonAsync("v1/conversations", new { });
            conversation.EnsureSuccessStatusCode();
        }

        var bare = AssistantProviders.Read(
            new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key.Replace("__", ":", StringComparison.Ordinal), (string?)setting.Value))).Build(),
            TimeProvider.System).Find(new TenantId(1), AssistantProviders.Default)!;

        await storage.BeginAsync();
        var memory = await MeasureMemoryAsync(host, client, provider);
        (provider.Chunks, provider.Pace) = (Chunks, Pace);
        await ThroughParleyAsync(client, provider, 20); // Warm-up.
        var table = new TextTable("streams at once", "bare p50 / p99 ms", "Parley p50 / p99 ms", "added p50 / p99 ms", "target", "", "events of a stream", "cores: host", "storage", "client and provider");
        foreach (var width in Widths)
        {
            await AddAsync(width);
        }

        (provider.Chunks, provider.Pace) = (HeldChunks, HeldPace);
        await AddAsync(Held);
        table.Print();
        Console.WriteLine($"  {Held} streams had {HeldChunks} chunks each, one every {HeldPace.TotalSeconds:0} s; requests beyond a limit: {await storage.RefusedAsync()}");
        Console.WriteLine(memory);
        return true;

        async Task AddAsync(int width)
        {
            var (direct, _) = await MeasureAsync(width, (stream, _) => BareAsync(bare, provider, stream));
            var (begun, hostCpu, storageCpu, cpu) = (Stopwatch.GetTimestamp(), host.Cpu, storage.Cpu, Environment.CpuUsage.TotalTime);
            var (through, events) = await ThroughParleyAsync(client, provider, width);
            var elapsed = Stopwatch.GetElapsedTime(begun);
            var added = Percentile.Of(through, 0.99) - Percentile.Of(direct, 0.99);
            table.Add(
                width.ToString(CultureInfo.InvariantCulture),
                $"{Show(direct, 0.5)} / {Show(direct, 0.99)}",
                $"{Show(through, 0.5)} / {Show(through, 0.99)}",
                $"{Difference(through, direct, 0.5)} / {Difference(through, direct, 0.99)}",
                width == Judged ? $"≤ +{MaxAdded} (p99)" : "",
                width != Judged ? "" : added <= MaxAdded ? "met" : "missed",
                $"{events / width:0.0}",
                Share(host.Cpu - hostCpu),
                Share(storage.Cpu - storageCpu),
                Share(Environment.CpuUsage.TotalTime - cpu));

            string Share(TimeSpan used) => (used / elapsed / Environment.ProcessorCount).ToString("P0", CultureInfo.InvariantCulture);
        }
    }

    /// <summary>
    /// Measures the host's working set with open streams that have received one chunk and wait for the next.
    /// </summary>
    private static async Task<string> MeasureMemoryAsync(KilledHost host, HttpClient client, ChunkProvider provider)
    {
        const int Streams = 200;
        await ThroughParleyAsync(client, provider, Streams);
        var before = host.WorkingSet;
        (provider.Chunks, provider.Pace) = (2, TimeSpan.FromSeconds(20));
        var open = ThroughParleyAsync(client, provider, Streams);
        await Task.Delay(TimeSpan.FromSeconds(15), TimeProvider.System);
        var during = host.WorkingSet;
        await open;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"  memory of the host: {before / 1e6:0.0} MB after {Streams} streams, {during / 1e6:0.0} MB with {Streams} more open: {(during - before) / 1e3 / Streams:0} KB a stream");
    }

    private static Task<(double[] Sorted, double Events)> ThroughParleyAsync(HttpClient client, ChunkProvider provider, int width) =>
        MeasureAsync(width, (stream, number) => OneAsync(client, provider, stream, number));

    private static async Task<(double[] Sorted, double Events)> MeasureAsync(int width, Func<string, int, Task<(List<double> Late, int Events)>> stream)
    {
        var results = await Task.WhenAll(Enumerable.Range(0, width).Select(number => stream($"{Stopwatch.GetTimestamp()} {number}", number)));
        return ([.. results.SelectMany(result => result.Late).Order()], results.Sum(result => result.Events));
    }

    private static async Task<(List<double> Late, int Events)> BareAsync(AssistantProvider bare, ChunkProvider provider, string stream)
    {
        var (late, events) = (new List<double>(), 0);
        await foreach (var part in ProviderStream.ReadAsync(bare, [new ChatMessage(ChatRole.User, stream)], new ChatOptions(), _ => { }, TimeProvider.System, CancellationToken.None))
        {
            events++;
            Note(late, provider, stream, part);
        }

        return (late, events);
    }

    private static async Task<(List<double> Late, int Events)> OneAsync(HttpClient client, ChunkProvider provider, string stream, int number)
    {
        while (true)
        {
            using var response = await AskAsync(client, stream, number);
            if (response.StatusCode != HttpStatusCode.ServiceUnavailable)
            {
                return await ReadAsync(response, provider, stream);
            }

            await Task.Delay(response.Headers.RetryAfter!.Delta!.Value, TimeProvider.System);
        }
    }

    private static async Task<HttpResponseMessage> AskAsync(HttpClient client, string stream, int number)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chatbots/1/completions") { Content = JsonContent.Create(new { isStreaming = true, conversation = 1 + number, message = new { content = stream } }) };
        request.Headers.Add("Idempotency-Key", stream);
        return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private static async Task<(List<double> Late, int Events)> ReadAsync(HttpResponseMessage response, ChunkProvider provider, string stream)
    {
        response.EnsureSuccessStatusCode();
        var (late, events) = (new List<double>(), 0);
        await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
        {
            var data = JsonElement.Parse(item.Data);
            if (data.TryGetProperty("error", out var error))
            {
                throw new BenchmarkException($"A stream ended with {error}.");
            }

            events++;
            Note(late, provider, stream, data.GetProperty("content").GetString()!);
        }

        return (late, events);
    }

    private static void Note(List<double> late, ChunkProvider provider, string stream, string content)
    {
        var now = Stopwatch.GetTimestamp();
        foreach (var number in content.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            late.Add(Stopwatch.GetElapsedTime(provider.SentAt(stream, int.Parse(number, CultureInfo.InvariantCulture)), now).TotalMilliseconds);
        }
    }

    private static string Show(double[] sorted, double share) => Percentile.Of(sorted, share).ToString("0.0", CultureInfo.InvariantCulture);

    private static string Difference(double[] parley, double[] bare, double share) =>
        (Percentile.Of(parley, share) - Percentile.Of(bare, share)).ToString("+0.0;-0.0", CultureInfo.InvariantCulture);
}
