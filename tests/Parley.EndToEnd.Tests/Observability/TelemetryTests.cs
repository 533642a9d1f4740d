using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Azure.Storage.Queues;
using Parley.Core;
using Parley.EndToEnd.Tests.MaiAgent;
using Parley.EndToEnd.Tests.Zaia;
using Parley.Exports;
using Parley.Testing.Telemetry;
using Xunit;

namespace Parley.EndToEnd.Tests.Observability;

/// <summary>What a receiver of telemetry gets from the real worker.</summary>
public class TelemetryTests(WatchedHost watched) : IClassFixture<WatchedHost>
{
    private const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    private readonly OtlpReceiver receiver = watched.Receiver;
    private readonly HttpClient client = watched.Client;

    [Fact]
    public async Task An_export_is_one_linked_trace_from_the_request_to_the_callback()
    {
        await using var webhook = await WebhookReceiver.StartAsync();
        var chat = (await client.NewAnsweredChatAsync())["chatId"]!;
        await client.PostTextAsync(chat, "Export me.");
        var (trace, taken) = await TracedAsync("v1/chat-messages/export", new { callbackUrl = webhook.Url(), format = "csv" }, HttpStatusCode.OK);
        var export = await client.WithWebhookAsync(new JsonObject { ["id"] = ApiHelpers.Text(taken["exportId"]) });

        var request = await receiver.SpanAsync(span => span.TraceId == trace && IsOf(span, "ChatMessagesExport"));
        var queued = await receiver.SpanAsync(span => IsOf(span, "ExportsBuild") && LinksTo(span, request.TraceId));
        var file = await receiver.SpanAsync(span => span.Name == "write export file" && span.TraceId == queued.TraceId && LinksTo(span, request.TraceId));
        var sent = await receiver.SpanAsync(span => IsOf(span, "ExportsDeliver") && LinksTo(span, queued.TraceId));
        var callback = await receiver.SpanAsync(span => span.Name == "deliver callback" && span.TraceId == sent.TraceId && LinksTo(span, request.TraceId));

        Assert.Equal("completed", ApiHelpers.Text(export["status"]));
        Assert.Equal(queued.SpanId, file.ParentSpanId);
        Assert.Equal(sent.SpanId, callback.ParentSpanId);
        Assert.Equal("delivered", callback.Attributes["parley.outcome"]);
        Assert.Equal((200L, "POST"), (request.Attributes["http.response.status_code"], request.Attributes["http.request.method"]));
        Assert.Equal("api/v1/chat-messages/export", request.Attributes["http.route"]);
        var headers = webhook.Of().Single().Headers.Keys;
        Assert.Empty(headers.Intersect(["traceparent", "tracestate", "baggage", "request-id", "correlation-context"]));
    }

    [Fact]
    public async Task A_follow_up_is_one_linked_trace_from_the_request_over_the_timer_and_the_queue_to_the_message()
    {
        var chat = (await client.NewAnsweredChatAsync())["chatId"]!;
        var body = new { chatId = ApiHelpers.Text(chat), message = "Still there?", dueDate = FollowUpCalls.In(TimeSpan.FromSeconds(2)) };
        var (trace, followUp) = await TracedAsync(FollowUpCalls.Path, body, HttpStatusCode.Created);
        await client.SentAsync(followUp);

        var request = await receiver.SpanAsync(span => span.TraceId == trace && IsOf(span, "FollowUpsCreate"));
        var message = await receiver.SpanAsync(span => span.Name == "send follow-up" && LinksTo(span, request.TraceId));
        var queued = await receiver.SpanAsync(span => span.SpanId == message.ParentSpanId && IsOf(span, "FollowUpsFire"));
        var timer = await receiver.SpanAsync(span => IsOf(span, "FollowUpsDue") && LinksTo(queued, span.TraceId));

        Assert.NotEqual(request.TraceId, timer.TraceId);
        Assert.Equal(4, new[] { request, message, queued, timer }.Select(span => span.SpanId).Distinct().Count());
        Assert.Equal(queued.TraceId, message.TraceId);
    }

    [Fact]
    public async Task Every_meter_arrives_with_its_unit()
    {
        await watched.WithFaultsAsync("first", () => client.NewAnsweredChatAsync());
        await using var webhook = await WebhookReceiver.StartAsync();
        var chat = (await client.NewAnsweredChatAsync())["chatId"]!;
        await client.PatchFollowUpAsync(await client.FollowUpAsync(chat, due: FollowUpCalls.In(TimeSpan.FromHours(1))), new { status = "failed" });
        await client.FollowUpAsync(chat, due: FollowUpCalls.In(TimeSpan.FromHours(1)));
        await client.PostTextAsync(chat, "Here I am.");
        var other = (await client.NewAnsweredChatAsync())["chatId"]!;
        await client.SentAsync(await client.FollowUpAsync(other, due: FollowUpCalls.In(TimeSpan.FromSeconds(1))));
        await client.WithWebhookAsync(await client.ExportAsync(new { callbackUrl = webhook.Url(), format = "csv" }));
        var chatbot = await client.NewChatbotAsync();
        using (var raw = new HttpClient { BaseAddress = client.BaseAddress, DefaultRequestHeaders = { Authorization = client.DefaultRequestHeaders.Authorization } })
        using (var stream = await CompletionReader.OpenAsync(raw, HttpMethod.Post, $"v1/chatbots/{chatbot["number"]}/completions", new { isStreaming = true, message = new { content = "Hello" } }))
        {
            Assert.True((await stream.EventsAsync().LastAsync()).IsDone);
        }

        await new QueueClient(watched.ConnectionString, ExportStep.FileQueue, new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 }).SendMessageAsync("not ours");

        foreach (var (name, unit) in PromisedMeters.Units())
        {
            var point = await receiver.PointAsync(point => point.Name == name, text: $"the name {name}");
            Assert.Equal(unit, point.Unit);
        }

        var ofTenant = await receiver.PointAsync(point => point.Name == Telemetry.RequestDuration && Equals(point.Attributes.GetValueOrDefault("parley.tenant"), "1"));
        Assert.Equal(("s", "api/v1"), (ofTenant.Unit, $"{ofTenant.Attributes["http.route"]}"[..6]));
        Assert.All(
            receiver.Points.Where(point => point.Name == "parley.queue.poison"),
            point => Assert.EndsWith("-poison", $"{point.Attributes["messaging.destination.name"]}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Answers_that_mean_no_such_row_or_another_writer_are_no_failures_of_storage()
    {
        await client.RefusedAsync(HttpMethod.Get, "v1/conversations/999999", null, 404, "conversation_not_found");

        var missing = await receiver.SpanAsync(span => span.Origin.Scope == "Azure.Core.Http" && Equals(span.Attributes.GetValueOrDefault("http.response.status_code"), 404L));
        Assert.Equal(ActivityStatusCode.Unset, missing.Status);
        Assert.DoesNotContain("error.type", missing.Attributes.Keys);
    }

    [Fact]
    public async Task Storage_calls_of_a_timer_are_exported_only_when_they_fail()
    {
        var timer = await receiver.SpanAsync(span => IsOf(span, "FollowUpsDue") && Equals(span.Attributes.GetValueOrDefault("faas.trigger"), "timer"));
        await watched.WithFaultsAsync("all", () => receiver.SpanAsync(span => IsOf(span, "FollowUpsDue") && span.Status == ActivityStatusCode.Error));

        var timers = receiver.Spans.Where(span => Equals(span.Attributes.GetValueOrDefault("faas.trigger"), "timer")).Select(span => span.SpanId).ToHashSet();
        Assert.Contains(timer.SpanId, timers);
        Assert.All(
            receiver.Spans.Where(span => span.Origin.Scope == "Azure.Core.Http" && timers.Contains(span.ParentSpanId)),
            span => Assert.Equal(ActivityStatusCode.Error, span.Status));
    }

    [Fact]
    public async Task A_problem_has_the_trace_of_its_request_which_is_the_clients_if_it_sends_one()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "v1/conversations/999999");
        request.Headers.Add("traceparent", $"00-{TraceId}-00f067aa0ba902b7-01");
        using var response = await client.SendAsync(request);
        var problem = await response.ReadAsync(HttpStatusCode.NotFound);
        Assert.Equal(TraceId, ApiHelpers.Text(problem["traceId"]));
        await receiver.SpanAsync(span => span.TraceId == TraceId && IsOf(span, "ConversationsGet"));

        using var own = await client.GetAsync("v1/conversations/999999");
        Assert.Matches("^[0-9a-f]{32}$", ApiHelpers.Text((await own.ReadAsync(HttpStatusCode.NotFound))["traceId"]));
    }

    /// <summary>Posts within a trace of its own, as a client with telemetry does.</summary>
    private async Task<(string Trace, JsonNode Answer)> TracedAsync(string path, object body, HttpStatusCode status)
    {
        var trace = ActivityTraceId.CreateRandom().ToHexString();
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        request.Headers.Add("traceparent", $"00-{trace}-00f067aa0ba902b7-01");
        request.Headers.Add("tracestate", "client=secret");
        request.Headers.Add("baggage", "name=secret");
        using var response = await client.SendAsync(request);
        return (trace, await response.ReadAsync(status));
    }

    private static bool IsOf(ReceivedSpan span, string function) => Equals(span.Attributes.GetValueOrDefault("faas.name"), function);

    private static bool LinksTo(ReceivedSpan span, string trace) => span.Links.Any(link => link.TraceId == trace);
}
