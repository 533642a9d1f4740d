using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Parley.DevHost;
using Parley.EndToEnd.Tests.MaiAgent;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Http;

/// <summary>Rates and bounds of tenants and keys, at a host that has them.</summary>
public class LimitTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private const string Policy = "\"tenant-requests\";q=200;w=90000, \"tenant-messages\";q=3;w=90000, \"key-bytes\";q=5000;qu=\"content-bytes\";w=90000";

    private static readonly Dictionary<string, string?> Limits = new()
    {
        ["Limits__Tenant__Requests"] = "200/90000s",
        ["Limits__Tenant__Messages"] = "3/90000s",
        ["Limits__Key__Bytes"] = "5000/90000s",
    };

    [Fact]
    public async Task Every_answer_to_a_valid_key_has_the_fields()
    {
        if (parley.RunsElsewhere)
        {
            return; // A host that runs elsewhere has its own settings.
        }

        var (client, paths) = await EveryResource.CreateAsync(parley);
        await using var host = await StartAsync(Limits);
        using var raw = client.Streaming(host.Api);
        var chatbot = paths["/v1/chatbots/{id}"];
        (HttpMethod Method, string Path, object? Body, int Status)[] calls =
        [
            .. paths.Values.Select(path => (HttpMethod.Get, path, (object?)null, 200)),
            .. paths.Values.Select(path => (HttpMethod.Head, path, (object?)null, 200)),
            (HttpMethod.Post, "v1/conversations", new { }, 201),
            (HttpMethod.Post, "v1/conversations", null, 400),
            (HttpMethod.Get, "v1/conversations/999999", null, 404),
            (HttpMethod.Post, $"{chatbot}/completions", new { message = new { content = "Hello" }, isStreaming = true }, 200),
            (HttpMethod.Post, $"{chatbot}/completions", new { message = new { content = "/fail refused" } }, 422),
        ];
        var left = 200;
        foreach (var (method, path, body, status) in calls)
        {
            using var response = await raw.SendJsonAsync(method, path, body);
            var isOpen = path is ".well-known/jwks.json" or "v1/health/live" or "v1/health/ready" or "v1/version";

            Assert.True(status == (int)response.StatusCode, $"{method} {path}: {(int)response.StatusCode}");
            Assert.Equal(isOpen ? null : Policy, Header(response, "RateLimit-Policy"));
            if (!isOpen)
            {
                Assert.Matches($@"^""tenant-requests"";r={--left};t=[0-9]+(, ""key-bytes"";r=[0-9]+;t=[0-9]+)?$", Header(response, "RateLimit"));
            }
        }

        using var unknown = await raw.GetAsync("v1/nothing");
        using var refused = await parley.NewClient("parley_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", host.Api).GetAsync("v1/conversations");
        Assert.All([unknown, refused], response => Assert.Null(Header(response, "RateLimit")));
    }

    [Fact]
    public async Task Beyond_a_quota_nothing_is_stored_and_the_answer_tells_when_to_return()
    {
        if (parley.RunsElsewhere)
        {
            return; // A host that runs elsewhere has its own settings.
        }

        var tenant = await parley.CreateTenantAsync("Limited");
        var unlimited = parley.NewClient(tenant.ApiKey);
        var conversation = await unlimited.CreateConversationAsync();
        await using var host = await StartAsync(Limits);
        var client = parley.NewClient(tenant.ApiKey, host.Api);
        var path = $"v1/conversations/{conversation}/messages";

        // What creates no message uses none.
        await client.RefusedAsync(HttpMethod.Post, path, new { message = "" }, 422, "invalid_fields", "message");
        await client.RefusedAsync(HttpMethod.Post, "v1/conversations/999999/messages", new { message = "x" }, 404, "conversation_not_found");
        for (var i = 0; i < 2; i++)
        {
            using var same = await client.SendJsonAsync(HttpMethod.Post, path, new { message = "first" }, ("Idempotency-Key", "first"));
            Assert.Equal((HttpStatusCode.OK, i == 1), (same.StatusCode, same.Headers.Contains("Idempotent-Replayed")));
        }

        await client.PostAsync(conversation, "second");
        await client.CallAsync(HttpMethod.Post, "v1/messages", new { conversation, content = "third" }, HttpStatusCode.Created);
        foreach (var (target, body) in new (string, object)[]
        {
            (path, new { message = "fourth" }), ("v1/messages", new { conversation, content = "x" }),
            ("v1/chat-messages", new { chatId = conversation, role = "user", content = "x" }),
        })
        {
            using var refused = await client.SendJsonAsync(HttpMethod.Post, target, body);
            await AssertRefusedAsync(refused, "tenant-messages");
        }

        using (var form = new MultipartFormDataContent { { new ByteArrayContent([1, 2, 3]), "file", "a.txt" } })
        using (var upload = await client.PostAsync($"{path}/media", form))
        {
            await AssertRefusedAsync(upload, "tenant-messages");
        }

        Assert.Equal(3, (await client.ListAsync(conversation))["meta"]!["total"]!.GetValue<int>());

        // A body is taken even if it is larger than what is left; the next one is refused.
        using var large = await client.SendJsonAsync(HttpMethod.Patch, $"v1/conversations/{conversation}", new { metadata = new { text = new string('x', 6000) } });
        Assert.Equal(HttpStatusCode.OK, large.StatusCode);
        using var next = await client.SendJsonAsync(HttpMethod.Patch, $"v1/conversations/{conversation}", new { });
        await AssertRefusedAsync(next, "key-bytes");
        using var other = await client.GetAsync($"v1/conversations/{conversation}");
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact]
    public async Task Running_completions_and_listeners_are_bounded_before_anything_is_stored()
    {
        if (parley.RunsElsewhere)
        {
            return; // A host that runs elsewhere has its own settings.
        }

        var tenant = await parley.CreateTenantAsync("Bounded");
        var free = parley.NewClient(tenant.ApiKey);
        var chatbot = await free.NewChatbotAsync();
        var conversation = await free.CreateConversationAsync();
        await using var host = await StartAsync(new() { ["Limits__RunningCompletions"] = "2", ["Limits__Listeners"] = "3" });
        using var client = free.Streaming(host.Api);
        var path = $"v1/chatbots/{chatbot["id"]}/completions";
        var body = new { isStreaming = true, conversation, message = new { content = "/words 400 /pace 250" } };
        string running;
        using (var abandoned = await CompletionReader.OpenAsync(client, HttpMethod.Post, path, body))
        {
            // This client disconnects; the completion continues.
            running = abandoned.Path;
        }

        using var second = await CompletionReader.OpenAsync(client, HttpMethod.Post, path, body, ("Idempotency-Key", "second"));
        using (var refused = await client.SendJsonAsync(HttpMethod.Post, path, body))
        {
            await AssertRefusedAsync(refused, "tenant-running-completions", hasFields: false);
        }

        using (var refused = await client.SendJsonAsync(HttpMethod.Post, path, new { message = new { content = "new conversation" } }))
        {
            await AssertRefusedAsync(refused, "tenant-running-completions", hasFields: false);
        }

        Assert.Single((await free.CallAsync(HttpMethod.Get, "v1/conversations"))["results"]!.AsArray());
        Assert.Equal(2, (await free.ListAsync(conversation))["meta"]!["total"]!.GetValue<int>());

        // A repetition joins its completion, and is a listener, as the second request is. The abandoned one makes room.
        using var joined = await CompletionReader.OpenAsync(client, HttpMethod.Post, path, body, ("Idempotency-Key", "second"));
        CompletionReader? opened = null;
        await Eventually.TrueAsync(async () => (opened = await CompletionReader.TryListenAsync(client, second.Path)) is not null);
        using var third = opened!;
        using (var refused = await client.GetAsync($"{second.Path}/events"))
        {
            await AssertRefusedAsync(refused, "tenant-listeners", hasFields: false);
        }

        // Cancelling needs no slot, and frees some.
        await client.CallAsync(HttpMethod.Post, $"{second.Path}/cancel");
        Assert.True((await joined.EventsAsync().LastAsync()).IsDone);
        Assert.True((await third.EventsAsync().LastAsync()).IsDone);
        Assert.True((await second.EventsAsync().LastAsync()).IsDone);
        await Eventually.TrueAsync(async () =>
        {
            using var response = await client.SendJsonAsync(HttpMethod.Post, path, new { message = new { content = "/words 1" } });
            return response.StatusCode == HttpStatusCode.OK;
        });
        await client.CallAsync(HttpMethod.Post, $"{running}/cancel");
    }

    private static async Task AssertRefusedAsync(HttpResponseMessage response, string policy, bool hasFields = true)
    {
        var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal("https://iana.org/assignments/http-problem-types#quota-exceeded", problem["type"]!.GetValue<string>());
        Assert.Equal("quota_exceeded", problem["error"]!.GetValue<string>());
        Assert.Equal([policy], problem["violated-policies"]!.AsArray().Select(name => name!.GetValue<string>()));
        var wait = long.Parse(Header(response, "Retry-After")!, CultureInfo.InvariantCulture);
        if (hasFields)
        {
            var parts = Header(response, "RateLimit")!.Split(';');
            Assert.Equal([$"\"{policy}\"", "r=0"], parts[..^1]);
            Assert.True(wait >= long.Parse(parts[^1].AsSpan("t=".Length), CultureInfo.InvariantCulture));
        }

        Assert.InRange(wait, 1, 200_000);
    }

    private static async Task<FunctionsHost> StartAsync(Dictionary<string, string?> settings) => await TestHost.StartAsync(
        new Dictionary<string, string?>(settings) { ["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync() });

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;
}
