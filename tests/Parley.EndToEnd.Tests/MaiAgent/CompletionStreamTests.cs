using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.MaiAgent;

/// <summary>Streamed completions: a client that loses its connection reads the rest, from any host.</summary>
public class CompletionStreamTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private HttpClient Client => parley.Client;

    [Fact]
    public async Task Events_are_as_documented()
    {
        var chatbot = await Client.NewChatbotAsync();
        using var response = await Client.SendJsonAsync(
            HttpMethod.Post, $"v1/chatbots/{chatbot["id"]}/completions", new { message = new { content = "/words 3" }, isStreaming = true });
        var text = await response.Content.ReadAsStringAsync();
        var location = response.Headers.Location!.ToString();
        var completion = await Client.CallAsync(HttpMethod.Get, location);
        var (conversation, id) = (completion["conversationId"]!, completion["completionId"]!);

        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        Assert.Equal($"{parley.Api}v1/completions/{id}", location);
        // Words that arrive during a write become one event; the lengths of the parts are those of the events.
        var contents = text.Split("\"content\":\"").Skip(1).Select(rest => rest[..rest.IndexOf('"', StringComparison.Ordinal)]).ToList();
        Assert.Equal(": ok\n\n" + string.Concat(contents.Select((content, i) => Part(i + 1, content, done: i == contents.Count - 1))), text);
        Assert.Equal("word1 word2 word3", string.Concat(contents));
        Assert.Equal("", contents[^1]);
        Assert.Equal("word1 word2 word3", completion["content"]!.GetValue<string>());

        using var again = await Client.GetAsync($"{location}/events");
        Assert.Equal(text, await again.Content.ReadAsStringAsync());

        string Part(int number, string content, bool done) =>
            $$"""
            id: {{number}}
            data: {"conversationId":"{{conversation}}","conversation_id":"{{conversation}}","completionId":"{{id}}","content":"{{content}}","done":{{(done ? "true" : "false")}}}


            """;
    }

    [Theory]
    [InlineData("refused")]
    [InlineData("rate_limited")]
    public async Task A_failure_is_the_last_event(string error)
    {
        var chatbot = await Client.NewChatbotAsync();
        using var client = Client.Streaming();
        using var stream = await CompletionReader.OpenAsync(
            client, HttpMethod.Post, $"v1/chatbots/{chatbot["id"]}/completions", new { isStreaming = true, message = new { content = $"/words 9 /fail {error} after 4" } });
        var events = await stream.EventsAsync().ToListAsync();

        Assert.Equal("word1 word2 word3 word4", string.Concat(events.Select(one => one.Content)).TrimEnd());
        Assert.Equal(["error", "done"], events[^1].Data.AsObject().Select(member => member.Key));
        Assert.Equal(error, events[^1].Data["error"]!["code"]!.GetValue<string>());
        Assert.True(events[^1].IsDone);
        Assert.DoesNotContain(events.SkipLast(1), one => one.IsDone);
        Assert.Equal(Enumerable.Range(1, events.Count), events.Select(one => one.Id));
    }

    [Fact]
    public async Task Headers_and_the_first_comment_precede_the_providers_text_and_parts_are_sent_as_they_arrive()
    {
        if (parley.RunsElsewhere)
        {
            return; // A host that runs elsewhere has its own providers.
        }

        var send = new SemaphoreSlim(0);
        var requested = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var provider = await StartProviderAsync(requested, send);
        await using var host = await TestHost.StartAsync(new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync(),
            ["Providers__main__Endpoint"] = provider.Urls.Single(),
            ["Providers__main__Key"] = "none",
            ["Providers__main__Model"] = "gated",
        });
        using var client = Client.Streaming(host.Api);
        var chatbot = await Client.NewChatbotAsync();

        // The provider has sent nothing yet when this returns with the headers and the first comment.
        using var stream = await CompletionReader.OpenAsync(
            client, HttpMethod.Post, $"v1/chatbots/{chatbot["id"]}/completions", new { isStreaming = true, message = new { content = "Hello" } });
        await requested.Task;
        var parts = new List<string>();
        send.Release();
        await foreach (var one in stream.EventsAsync())
        {
            parts.Add(one.Content);
            send.Release(); // The provider sends the next part only now, so the previous one was flushed on its own.
        }

        Assert.Equal(["part1", "part2", "part3", ""], parts);
    }

    [Fact]
    public async Task A_stream_cut_at_any_event_and_resumed_at_another_process_has_the_same_text()
    {
        if (parley.RunsElsewhere)
        {
            return; // The storage of a host that runs elsewhere is not available for a second host.
        }

        const int Events = 50;
        const int AtOnce = 10;
        await using var second = await TestHost.StartAsync(new Dictionary<string, string?> { ["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync() });
        using var here = Client.Streaming();
        using var there = Client.Streaming(second.Api);
        var chatbot = await Client.NewChatbotAsync();
        var expected = string.Join(' ', Enumerable.Range(1, Events - 1).Select(number => $"word{number}"));
        var cuts = 0;
        await Parallel.ForAsync(0, Events + 1, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (cut, _) =>
        {
            var events = new List<CompletionEvent>();
            string path;
            using (var stream = await CompletionReader.OpenAsync(
                here, HttpMethod.Post, $"v1/chatbots/{chatbot["id"]}/completions", new { isStreaming = true, message = new { content = $"/words {Events - 1}" } }))
            {
                path = stream.PathAtAnyHost;
                if (cut > 0)
                {
                    await foreach (var one in stream.EventsAsync())
                    {
                        events.Add(one);

                        // Words that come while a row is written share an event, so the words are counted.
                        if (string.Concat(events.Select(each => each.Content)).Count(char.IsWhiteSpace) >= cut)
                        {
                            break;
                        }
                    }
                }
            }

            if (events is not [.., { IsDone: true }])
            {
                Interlocked.Increment(ref cuts);
                using var rest = await CompletionReader.OpenAsync(there, HttpMethod.Get, $"{path}/events", null, events.Count > 0 ? [("Last-Event-ID", $"{events[^1].Id}")] : []);
                await foreach (var one in rest.EventsAsync())
                {
                    events.Add(one);
                }
            }

            Assert.Equal(Enumerable.Range(1, events.Count), events.Select(one => one.Id));
            Assert.True(events[^1].IsDone);
            Assert.Equal(expected, string.Concat(events.Select(one => one.Content)));
            var completion = await Client.CallAsync(HttpMethod.Get, path);
            Assert.Equal(expected, completion["content"]!.GetValue<string>());
            var messages = await Client.MessagesAsync(completion["conversationId"]);
            Assert.Equal(2, messages.Count);
            Assert.Equal(expected, messages[1]["content"]!.GetValue<string>());
        });
        Assert.InRange(cuts, Events / 2, Events + 1);
        var records = await Client.CallAsync(HttpMethod.Get, $"v1/chatbots/{chatbot["id"]}/records?pageSize=100");
        Assert.Equal(Events + 1, records["count"]!.GetValue<int>());
        Assert.Equal(Events + 1, records["results"]!.AsArray().Select(record => record!["conversation"]!.GetValue<string>()).Distinct().Count());
        Assert.All(records["results"]!.AsArray(), record => Assert.Equal((expected, null), (record!["outputMessage"]!.GetValue<string>(), record["error"])));
    }

    [Fact]
    public async Task Cancelling_returns_the_stored_completion()
    {
        var chatbot = await Client.NewChatbotAsync();
        using var client = Client.Streaming();
        using var stream = await CompletionReader.OpenAsync(
            client, HttpMethod.Post, $"v1/chatbots/{chatbot["id"]}/completions", new { isStreaming = true, message = new { content = "/words 500" } });
        var events = new List<CompletionEvent>();
        JsonNode? cancelled = null;
        await foreach (var one in stream.EventsAsync())
        {
            events.Add(one);
            cancelled ??= events.Count == 3 ? await Client.CallAsync(HttpMethod.Post, $"{stream.Path}/cancel") : null;
        }

        Assert.True(cancelled!["done"]!.GetValue<bool>());
        Assert.Equal("cancelled", cancelled["error"]!["code"]!.GetValue<string>());
        Assert.Equal("cancelled", events[^1].Data["error"]!["code"]!.GetValue<string>());
        Assert.Equal(cancelled["content"]!.GetValue<string>(), string.Concat(events.Select(one => one.Content)));
        var messages = await Client.MessagesAsync(cancelled["conversationId"]);
        Assert.Equal(cancelled["content"]!.GetValue<string>(), messages[1]["content"]!.GetValue<string>());
        Assert.Equal("""{"partial":true,"error":"cancelled"}""", messages[1]["contentPayload"]!.ToJsonString());
        Assert.Equal(cancelled.ToJsonString(), (await Client.CallAsync(HttpMethod.Post, $"{stream.Path}/cancel")).ToJsonString());
    }

    [Fact]
    public async Task A_new_completion_is_shown_from_its_first_event_whatever_Last_Event_ID_is()
    {
        var chatbot = await Client.NewChatbotAsync();
        using var client = Client.Streaming();
        using var stream = await CompletionReader.OpenAsync(
            client, HttpMethod.Post, $"v1/chatbots/{chatbot["id"]}/completions", new { isStreaming = true, message = new { content = "/words 4" } }, ("Last-Event-ID", "50"));
        var events = await stream.EventsAsync().ToListAsync();

        Assert.Equal("word1 word2 word3 word4", string.Concat(events.Select(one => one.Content)));
        Assert.Equal((1, true), (events[0].Id, events[^1].IsDone));
    }

    [Fact]
    public async Task A_repeated_request_joins_the_stream_after_the_clients_last_event()
    {
        var chatbot = await Client.NewChatbotAsync();
        using var client = Client.Streaming();
        var (path, body, key) = ($"v1/chatbots/{chatbot["id"]}/completions", new { isStreaming = true, message = new { content = "/words 30" } }, ("Idempotency-Key", "stream"));
        using var first = await CompletionReader.OpenAsync(client, HttpMethod.Post, path, body, key);
        var events = new List<CompletionEvent>();
        await foreach (var one in first.EventsAsync())
        {
            events.Add(one);
            if (events.Count == 5)
            {
                break;
            }
        }

        using var second = await CompletionReader.OpenAsync(client, HttpMethod.Post, path, body, key, ("Last-Event-ID", $"{events[^1].Id}"));
        Assert.Equal("true", second.Response.Headers.GetValues("Idempotent-Replayed").Single());
        Assert.Equal(first.Path, second.Path);
        await foreach (var one in second.EventsAsync())
        {
            events.Add(one);
        }

        Assert.Equal(string.Join(' ', Enumerable.Range(1, 30).Select(number => $"word{number}")), string.Concat(events.Select(one => one.Content)));
        var completion = await Client.CallAsync(HttpMethod.Get, first.Path);
        Assert.Equal(2, (await Client.MessagesAsync(completion["conversationId"])).Count);
    }

    [Fact]
    public async Task A_client_that_has_every_event_of_an_ended_completion_is_told_not_to_come_back()
    {
        var chatbot = await Client.NewChatbotAsync();
        using var client = Client.Streaming();
        using var stream = await CompletionReader.OpenAsync(
            client, HttpMethod.Post, $"v1/chatbots/{chatbot["id"]}/completions", new { isStreaming = true, message = new { content = "/words 4" } });
        var last = (await stream.EventsAsync().ToListAsync())[^1].Id;
        for (var id = 0; id <= last + 1; id++)
        {
            using var response = await Client.SendJsonAsync(HttpMethod.Get, $"{stream.Path}/events", null, ("Last-Event-ID", $"{id}"));
            var text = await response.Content.ReadAsStringAsync();

            Assert.Equal(id < last ? 200 : 204, (int)response.StatusCode);
            Assert.Equal(Math.Max(0, last - id), text.Split("\nid: ").Length - 1);
        }

        using var running = await CompletionReader.OpenAsync(
            client, HttpMethod.Post, $"v1/chatbots/{chatbot["id"]}/completions", new { isStreaming = true, message = new { content = "/words 1 /hang after 1" } });
        using var ahead = await CompletionReader.OpenAsync(client, HttpMethod.Get, $"{running.Path}/events", null, ("Last-Event-ID", "99"));
        await Client.CallAsync(HttpMethod.Post, $"{running.Path}/cancel");
        Assert.Empty(await ahead.EventsAsync().ToListAsync());
    }

    [Fact]
    public async Task A_client_that_leaves_at_once_does_not_end_its_completion()
    {
        var chatbot = await Client.NewChatbotAsync();
        using var client = Client.Streaming();
        string path;
        using (var stream = await CompletionReader.OpenAsync(
            client, HttpMethod.Post, $"v1/chatbots/{chatbot["id"]}/completions", new { isStreaming = true, message = new { content = "/words 25" } }))
        {
            path = stream.Path;
        }

        var completion = await CompletionCalls.UntilAsync(() => Client.CallAsync(HttpMethod.Get, path), now => now["done"]!.GetValue<bool>());
        Assert.Null(completion["error"]);
        Assert.Equal(25, completion["content"]!.GetValue<string>().Split(' ').Length);
    }

    /// <summary>A chat completions server that sends one part for each release of the semaphore.</summary>
    private static async Task<WebApplication> StartProviderAsync(TaskCompletionSource requested, SemaphoreSlim send)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapPost("/chat/completions", async (HttpContext context) =>
        {
            requested.SetResult();
            context.Response.ContentType = "text/event-stream";
            for (var part = 1; part <= 3; part++)
            {
                await send.WaitAsync();
                await context.Response.WriteAsync($$$"""data: {"choices":[{"index":0,"delta":{"content":"part{{{part}}}"}}]}""" + "\n\n");
                await context.Response.Body.FlushAsync();
            }

            await context.Response.WriteAsync("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
        });
        await app.StartAsync();
        return app;
    }
}
