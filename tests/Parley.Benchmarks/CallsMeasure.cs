using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Core;
using Azure.Data.Tables;
using Microsoft.Extensions.DependencyInjection;
using Parley.Conversations.FollowUps;
using Parley.Core;
using Parley.Storage;

namespace Parley.Benchmarks;

/// <summary>Counts the storage calls of single requests, with a clock that advances only between them.</summary>
internal static class CallsMeasure
{
    public static async Task<bool> RunAsync(BenchOptions options)
    {
        Console.WriteLine("calls: storage calls of one request each");
        var calls = new StorageCalls();
        var time = new SettableTime();
        var queue = new KeptMessages<FollowUpChunk>();
        await using var system = await StartedSystem.StartAsync((services, connectionString) =>
        {
            services.AddSingleton<TimeProvider>(time);
            services.AddSingleton<IWorkQueue<FollowUpChunk>>(queue);
            var counted = StorageClients.TableOptions();
            counted.AddPolicy(calls, HttpPipelinePosition.PerRetry);
            services.AddSingleton(new TableServiceClient(connectionString, counted));
        });
        using var client = await system.NewTenantAsync();
        var count = new Counting(client, calls, time);

        await CountListsAsync(count);
        await CountPostsAsync(count);
        await CountConversationsAsync(count);
        await new FollowUpCalls(count, queue, system.Services).CountAsync();
        await CountAuthenticationAsync(count);
        return count.Print();
    }

    /// <summary>Lists messages 51 to 100 of a conversation of 100 messages.</summary>
    private static async Task CountListsAsync(Counting count)
    {
        Console.WriteLine("  filling conversations to list");
        await CountListAsync(count, "no quotes", 2, _ => null);
        await CountListAsync(count, "49 quotes of messages on it", 2, number => number > 51 ? number - 1 : null);
        await CountListAsync(count, "1 quoted message outside it", 3, OutsideThePage(1));
        await CountListAsync(count, "14 quoted messages outside it", 3, OutsideThePage(14));
        await CountListAsync(count, "15 quoted messages outside it", 4, OutsideThePage(15));
        await CountListAsync(count, "50 quoted messages outside it", 6, OutsideThePage(50));
    }

    private static Func<int, int?> OutsideThePage(int quotes) => number => number > 50 && number <= 50 + quotes ? number - 50 : null;

    private static async Task CountListAsync(Counting count, string name, int limit, Func<int, int?> quotedBy)
    {
        var conversation = await count.Client.CreateConversationAsync();
        for (var number = 1; number <= 100; number++)
        {
            var quoted = quotedBy(number) is { } other ? IdOf(conversation, other) : null;
            await count.Client.SendAsync(HttpMethod.Post, TenantClient.Messages(conversation), MessageBody("Text", quoted));
        }

        var page = await count.RunAsync($"list a page of 50, {name}", limit, HttpMethod.Get, $"{TenantClient.Messages(conversation)}?per_page=50");
        var texts = page.GetProperty("data").EnumerateArray().Count(message => message.GetProperty("quoted_text").ValueKind == JsonValueKind.String);
        var expected = Enumerable.Range(51, 50).Count(number => quotedBy(number) is not null);
        if (texts != expected)
        {
            throw new BenchmarkException($"The page with {name} has {texts} quoted texts, not {expected}.");
        }
    }

    private static async Task CountPostsAsync(Counting count)
    {
        var conversation = await count.Client.CreateConversationAsync();
        var messages = TenantClient.Messages(conversation);
        await count.Client.SendAsync(HttpMethod.Post, messages, MessageBody("First"));
        Task<JsonElement> PostAsync(string name, int? limit, string? key = null, JsonNode? quoted = null) =>
            count.RunAsync(name, limit, HttpMethod.Post, messages, MessageBody("Text", quoted), key);

        await PostAsync("post", 2);
        await PostAsync("post, quoting", 2, quoted: IdOf(conversation, 1));
        count.Time.Advance(TimeSpan.FromMinutes(1));
        await PostAsync("post, the conversation's first in a minute", 4);
        await PostAsync("post with a key, the conversation's first in an hour", 3, key: "first");
        await PostAsync("post with a key", 2, key: "second");
        await PostAsync("post with a key, sent again", null, key: "second");
        count.Time.Advance(TimeSpan.FromHours(1));
        await PostAsync("post with a key, first in a minute and an hour", 6, key: "third");

        await count.RunAsync("edit an earlier message", null, HttpMethod.Put, $"{messages}/{IdOf(conversation, 1)}", MessageBody("Edited"));
    }

    private static async Task CountConversationsAsync(Counting count)
    {
        Task<JsonElement> CreateAsync(string name, string? key = null) =>
            count.RunAsync(name, null, HttpMethod.Post, "v1/conversations", new JsonObject { ["title"] = "Title", ["channel"] = "web" }, key);

        var created = await CreateAsync("create a conversation");
        await CreateAsync("create with a key, the tenant's first in an hour", "first");
        await CreateAsync("create with a key", "second");
        await CreateAsync("create with a key, sent again", "second");
        await count.RunAsync("get a conversation of an inbox", 2, HttpMethod.Get, $"v1/conversations/{created.GetProperty("id").GetString()}");
    }

    private static async Task CountAuthenticationAsync(Counting count)
    {
        var conversation = await count.Client.CreateConversationAsync();
        var path = $"v1/conversations/{conversation.Number}";
        await count.RunAsync("authentication, key seen before", 0, HttpMethod.Get, path, only: "Keys");
        count.Time.Advance(TimeSpan.FromSeconds(31));
        await count.RunAsync("authentication, key not seen for half a minute", 1, HttpMethod.Get, path, only: "Keys", authenticated: false);
    }

    private static JsonObject MessageBody(string text, JsonNode? quoted = null) => new() { ["message"] = text, ["quoted_message_id"] = quoted };

    private static JsonNode IdOf(ConversationKey conversation, int number) => new MessageKey(conversation, number).IntegerId;
}
