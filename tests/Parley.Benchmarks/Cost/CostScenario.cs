using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Core;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using Parley.Assistants.Completions;
using Parley.Cleanup;
using Parley.Conversations.FollowUps;
using Parley.Core;
using Parley.Exports;
using Parley.Functions.Triggers;
using Parley.Storage;
using Parley.Webhooks;

namespace Parley.Benchmarks.Cost;

/// <summary>
/// Counts the storage calls of each activity of a month. Conversations of ten messages are posted, a minute apart, by
/// customer and staff alternately, each with an Idempotency-Key. Each conversation is listed, all are exported, and a
/// week later the clean-up has run. The clock advances before every request, so that no request finds its API key in
/// the cache: that is the most expensive case, and the usual one in a quiet month.
/// </summary>
internal sealed class CostScenario : IAsyncDisposable
{
    private const int Conversations = 50;
    private const int MessagesEach = 10;
    private static readonly TimeSpan Apart = TimeSpan.FromSeconds(61);

    private static readonly CancellationToken Never = CancellationToken.None;

    private readonly StorageCalls tableCalls = new();
    private readonly BilledBlobCalls blobCalls = new();
    private readonly KeptMessages<ExportStep> steps = new();
    private readonly SettableTime time = new();
    private readonly List<CostActivity> activities = [];
    private StartedSystem system = null!;
    private TenantClient client = null!;
    private int requests;
    private int runs;
    private int queueMessages;
    private long bytesOut;

    private CostScenario()
    {
    }

    /// <summary>Runs the scenario on its own Azurite.</summary>
    public static async Task<CostCounts> CountAsync()
    {
        await using var scenario = new CostScenario();
        await scenario.StartAsync();
        return await scenario.RunAsync();
    }

    public async ValueTask DisposeAsync()
    {
        client?.Dispose();
        if (system is not null)
        {
            await system.DisposeAsync();
        }
    }

    private async Task StartAsync()
    {
        system = await StartedSystem.StartAsync((services, connectionString) =>
        {
            services.AddSingleton<TimeProvider>(time);
            services.AddSingleton<IWorkQueue<ExportStep>>(steps);
            services.AddSingleton<IWebhookSender>(new AcceptingReceiver());
            var (tables, blobs) = (StorageClients.TableOptions(), StorageClients.BlobOptions());
            tables.AddPolicy(tableCalls, HttpPipelinePosition.PerRetry);
            blobs.AddPolicy(blobCalls, HttpPipelinePosition.PerRetry);
            services.AddSingleton(new TableServiceClient(connectionString, tables));
            services.AddSingleton(new BlobServiceClient(connectionString, blobs));
        });
        client = await system.NewTenantAsync();
    }

    private async Task<CostCounts> RunAsync()
    {
        var before = await TableBytes.OfAsync(system.RawTables);
        TakeCalls();
        await CountTicksAsync();
        await CountMessagesAsync();
        var exportBytes = await CountExportAsync();
        await CountRemovalAsync();
        var after = await TableBytes.OfAsync(system.RawTables);
        return new CostCounts(
            MessagesEach,
            (decimal)(after - before) / (Conversations * MessagesEach),
            (decimal)exportBytes / (Conversations * MessagesEach),
            activities);
    }

    private async Task CountTicksAsync()
    {
        await TickAsync<FollowUpDispatch>("Timer: due follow-ups", CostUnit.Minute, each => each.DispatchAsync(Never));
        await TickAsync<ExportDispatch>("Timer: due exports", CostUnit.Minute, each => each.DispatchAsync(Never));
        await TickAsync<CompletionRecovery>("Timer: interrupted replies", CostUnit.Minute, each => each.RunAsync(Never));
        await TickAsync<CleanupJob>("Timer: clean-up", CostUnit.QuarterHour, each => each.RunAsync(Never));
        await CountWatchAsync();
    }

    private async Task CountWatchAsync()
    {
        runs++;
        var watch = new WatchTrigger(Service<QueueServiceClient>());
        await watch.Run(new TimerInfo(), Never);
        Add("Timer: poison queues", CostUnit.FiveMinutes, 1);
        activities[^1] = activities[^1] with { QueueReads = WatchTrigger.Reads };
    }

    private async Task TickAsync<T>(string name, CostUnit unit, Func<T, Task> work)
        where T : notnull
    {
        runs++;
        await work(Service<T>());
        Add(name, unit, 1);
    }

    private async Task CountMessagesAsync()
    {
        var random = new Random(1);
        var created = new List<ConversationKey>();
        var posts = new List<(ConversationKey Conversation, int Number)>();
        var (creation, posting) = (new List<StorageCall>(), new List<StorageCall>());
        var (createdBytes, postedBytes) = (0L, 0L);
        for (var index = 0; index < Conversations; index++)
        {
            time.Advance(Apart);
            bytesOut = 0;
            var conversation = await CreateAsync(index);
            creation.AddRange(tableCalls.TakeAll());
            createdBytes += bytesOut;
            created.Add(conversation);
            bytesOut = 0;
            for (var number = 1; number <= MessagesEach; number++)
            {
                time.Advance(Apart);
                await PostAsync(conversation, number, SampleText.Next(random));
                posts.Add((conversation, number));
            }

            posting.AddRange(tableCalls.TakeAll());
            postedBytes += bytesOut;
        }

        Add("Create a conversation", CostUnit.Conversation, created.Count, created.Count, creation, createdBytes);
        Add("Post a message", CostUnit.Message, posts.Count, posts.Count, posting, postedBytes);

        foreach (var conversation in created)
        {
            time.Advance(Apart);
            var page = await SendAsync(HttpMethod.Get, $"{TenantClient.Messages(conversation)}?per_page=50");
            Require(MessagesEach, page.GetProperty("data").GetArrayLength());
        }

        Add("List a conversation (a page of 50)", CostUnit.Conversation, created.Count);
    }

    private async Task<ConversationKey> CreateAsync(int index)
    {
        var title = string.Create(CultureInfo.InvariantCulture, $"Order {index:D4}");
        var body = new JsonObject { ["title"] = title, ["channel"] = "web" };
        var created = await SendAsync(HttpMethod.Post, "v1/conversations", body);
        return new ConversationKey(client.Tenant, created.GetProperty("number").GetInt32());
    }

    private Task<JsonElement> PostAsync(ConversationKey conversation, int number, string text)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"{conversation.Number:D6}-{number:D2}");
        return number % 2 == 1
            ? SendAsync(
                HttpMethod.Post,
                "v1/chat-messages",
                new JsonObject { ["chatId"] = conversation.Number, ["role"] = "user", ["content"] = text },
                key)
            : SendAsync(
                HttpMethod.Post, TenantClient.Messages(conversation), new JsonObject { ["message"] = text }, key);
    }

    /// <summary>Counts an export from the request to the download of the file.</summary>
    /// <returns>The file's bytes.</returns>
    private async Task<long> CountExportAsync()
    {
        time.Advance(Apart);
        await SendAsync(HttpMethod.Post, "v1/chat-messages/export", new JsonObject
        {
            ["callbackUrl"] = "https://example.com/callback",
            ["rangeStart"] = time.GetUtcNow().AddDays(-1),
            ["rangeEnd"] = time.GetUtcNow(),
            ["format"] = "csv",
        });
        var file = steps.TakeOnly();
        queueMessages = 1;
        Add("Export: the request", CostUnit.Export, 1);

        await Service<ExportFileJob>().RunAsync(file, Never);
        var calls = tableCalls.TakeAll();
        (runs, queueMessages) = (1, 1);
        Add("Export: write the file", CostUnit.Export, 1, 0, calls.Where(call => !IsConversation(call)));
        Add("Export: read a conversation", CostUnit.Conversation, Conversations, 0, calls.Where(IsConversation));

        var callback = steps.TakeOnly();
        runs = 1;
        await Service<ExportWebhookJob>().RunAsync(callback, Never);
        Add("Export: the callback", CostUnit.Export, 1);

        var export = await Service<ExportStore>().FindAsync(file.Key, Never);
        if (export is not { Status: ExportStatus.Completed, Rows: Conversations * MessagesEach, DueAt: null })
        {
            throw new BenchmarkException(
                $"The export is {export?.Status} with {export?.Rows} rows, or its callback is still due.");
        }

        TakeCalls();
        time.Advance(Apart);
        requests = 1;
        var path = string.Create(CultureInfo.InvariantCulture, $"v1/exports/{file.Export}/content");
        var content = await client.BytesAsync(path);
        Require(export.Bytes, content.Length);

        // The content is counted for each message, because an export's size depends on its messages.
        Add("Export: download", CostUnit.Export, 1);
        bytesOut = content.Length;
        Add("Export: content of the download", CostUnit.Message, Conversations * MessagesEach);
        return content.Length;
    }

    private static bool IsConversation(StorageCall call) => call.Table == "Conversations";

    /// <summary>
    /// Counts the removal of idempotency keys after a day, hour by hour, and of the export's file after a week. The
    /// regular timer runs do both; their own queries of the schedule are counted with the timer runs.
    /// </summary>
    private async Task CountRemovalAsync()
    {
        var calls = new List<StorageCall>();
        for (var hour = 0; hour < 36; hour++)
        {
            time.Advance(TimeSpan.FromHours(1));
            await Service<CleanupJob>().RunAsync(Never);
            calls.AddRange(tableCalls.TakeAll());
        }

        var keys = WithoutTicks(calls);
        Add("Clean-up: a conversation's idempotency keys", CostUnit.Conversation, Conversations, 0, keys);
        time.Advance(TimeSpan.FromDays(8));
        await Service<ExportDispatch>().DispatchAsync(Never);
        Add("Clean-up: an export's file", CostUnit.Export, 1, 0, WithoutTicks(tableCalls.TakeAll()));
    }

    private static IEnumerable<StorageCall> WithoutTicks(IEnumerable<StorageCall> calls) =>
        calls.Where(call => call is not { Table: "Due" or "Schedule", Kind: "query" });

    private async Task<JsonElement> SendAsync(
        HttpMethod method, string path, JsonObject? body = null, string? key = null)
    {
        var answer = await client.SendAsync(method, path, body, key);
        requests++;
        bytesOut += Encoding.UTF8.GetByteCount(answer.GetRawText());
        return answer;
    }

    private void Add(string name, CostUnit unit, int times) =>
        Add(name, unit, times, requests, tableCalls.TakeAll(), bytesOut);

    private void Add(
        string name, CostUnit unit, int times, int requestsMade, IEnumerable<StorageCall> calls, long bytes = 0)
    {
        var kinds = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var call in calls)
        {
            kinds[call.Kind] = kinds.GetValueOrDefault(call.Kind) + 1;
        }

        var (writes, reads) = blobCalls.Take();
        activities.Add(new CostActivity(
            name, unit, times, requestsMade, runs, kinds, writes, reads, queueMessages, bytes));
        (requests, runs, queueMessages, bytesOut) = (0, 0, 0, 0);
    }

    private void TakeCalls() => _ = (tableCalls.TakeAll(), blobCalls.Take());

    private T Service<T>()
        where T : notnull => system.Services.GetRequiredService<T>();

    private static void Require(long expected, long actual)
    {
        if (actual != expected)
        {
            throw new BenchmarkException($"{actual} messages or bytes came, not {expected}.");
        }
    }
}
