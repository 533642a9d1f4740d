using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Http;

/// <summary>A real browser and a real EventSource. They need the packages of tests/browser, and Chromium.</summary>
[Trait(nameof(Needs), Needs.Browser)]
public class BrowserTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    [Fact]
    public async Task A_page_of_an_allowed_origin_lists_posts_and_reads_streams_and_errors()
    {
        if (parley.RunsElsewhere)
        {
            return; // A host that runs elsewhere has its own settings.
        }

        await using var page = await StartPageAsync();
        await using var host = await TestHost.StartAsync(new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync(),
            ["Cors__AllowedOrigins"] = page.Urls.Single(),
        });
        var tenant = await parley.CreateTenantAsync("A page");
        var client = parley.NewClient(tenant.ApiKey, host.Api);
        await client.NewConversationAsync();
        var chatbot = await client.NewChatbotAsync();
        var got = await CallFromPageAsync(page, host.Api, tenant.ApiKey, chatbot);

        Assert.Equal(1, JsonNode.Parse(Body(got, "list"))!["results"]![0]!["number"]!.GetValue<int>());
        Assert.Equal((201, "\"1\""), (Status(got, "created"), Header(got, "created", "etag")));
        Assert.StartsWith($"{host.Api}v1/conversations/", Header(got, "created", "location"), StringComparison.Ordinal);
        Assert.Equal((200, 200, "true"), (Status(got, "posted"), Status(got, "replayed"), Header(got, "replayed", "idempotent-replayed")));
        Assert.Equal("1", Header(got, "counted", "x-total-count"));
        Assert.Equal((200, "", "\"2\""), (Status(got, "head"), Body(got, "head"), Header(got, "head", "etag")));
        Assert.Equal((412, "stale_revision"), Problem(got, "stale"));
        Assert.Equal((304, ""), (Status(got, "unmodified"), Body(got, "unmodified")));
        Assert.Equal((404, "conversation_not_found"), Problem(got, "missing"));
        Assert.Equal((401, "unauthenticated"), Problem(got, "unauthenticated"));
        Assert.StartsWith(": ok\n\nid: 1\n", Body(got, "stream"), StringComparison.Ordinal);
        Assert.Contains("\"done\":true", Body(got, "stream"), StringComparison.Ordinal);
        Assert.StartsWith(": ok\n\nid: 2\n", Body(got, "resumed"), StringComparison.Ordinal);
        Assert.Equal(204, Status(got, "over"));

        // The preflight request to an unknown path is a 404, so that the browser does not send the request.
        Assert.Equal("TypeError", got["unknown"]!["error"]!.GetValue<string>());
        Assert.Equal("From a page", (await client.MessageAsync(1))["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_page_of_an_origin_that_is_not_allowed_gets_nothing_and_changes_nothing()
    {
        await using var page = await StartPageAsync();
        var tenant = await parley.CreateTenantAsync("Another page");
        var client = parley.NewClient(tenant.ApiKey);
        await client.NewConversationAsync();
        var chatbot = await client.NewChatbotAsync();
        var got = await CallFromPageAsync(page, parley.Api, tenant.ApiKey, chatbot);

        Assert.All(got.AsObject(), one => Assert.Equal("""{"error":"TypeError"}""", one.Value!.ToJsonString()));
        Assert.Empty((await client.ListAsync(1))["data"]!.AsArray());
        Assert.Single((await client.CallAsync(HttpMethod.Get, "v1/conversations"))["results"]!.AsArray());
    }

    [Fact]
    public async Task An_event_source_ends_after_the_end_of_a_completion()
    {
        var chatbot = await parley.Client.NewChatbotAsync();
        var completion = await parley.Client.CallAsync(HttpMethod.Post, $"v1/chatbots/{chatbot["id"]}/completions", new { message = new { content = "/words 3" } });
        var got = await RunAsync(
            "eventsource.mjs", new { address = $"{parley.Api}v1/completions/{completion["completionId"]}/events", key = parley.ApiKey });

        Assert.Equal("[200,204]", got["statuses"]!.ToJsonString());
        Assert.Equal("word1 word2 word3", string.Concat(got["data"]!.AsArray().Select(one => one!["content"]!.GetValue<string>())));
        Assert.True(got["data"]!.AsArray()[^1]!["done"]!.GetValue<bool>());
        Assert.True(got["isClosed"]!.GetValue<bool>());
    }

    private static Task<JsonNode> CallFromPageAsync(WebApplication page, Uri api, string key, JsonNode chatbot) =>
        RunAsync("page.mjs", new { page = page.Urls.Single(), api = $"{api}", key, chatbot = $"{chatbot["id"]}" });

    /// <summary>Runs a script of tests/browser with one argument, and returns the JSON that it prints.</summary>
    private static async Task<JsonNode> RunAsync(string script, object argument) =>
        JsonNode.Parse(await NodeScript.RunAsync("browser", script, JsonSerializer.Serialize(argument)))!;

    /// <summary>A web server with an empty page: another port of loopback is another origin.</summary>
    private static async Task<WebApplication> StartPageAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapGet("/", () => Results.Content("<!doctype html><title>A page</title>", "text/html"));
        await app.StartAsync();
        return app;
    }

    private static int Status(JsonNode got, string name) =>
        got[name]!["status"]?.GetValue<int>() ?? throw new InvalidOperationException($"{name}: {got[name]}");

    private static string Body(JsonNode got, string name) => got[name]!["body"]!.GetValue<string>();

    private static string? Header(JsonNode got, string name, string header) => got[name]!["headers"]![header]?.GetValue<string>();

    private static (int Status, string? Error) Problem(JsonNode got, string name) =>
        (Status(got, name), JsonNode.Parse(Body(got, name))!["error"]!.GetValue<string>());
}
