using System.Net.Http.Json;
using Parley.Tests.Webhooks;
using Parley.Tests.Operations;

namespace Parley.Tests.Compatibility;

// Follow-ups, completions, records and exports.
internal sealed partial class OperationCalls
{
    private async Task FollowUpsAsync()
    {
        const string FollowUps = "v1/chat-message-follow-ups";
        var asked = await first.CallAsync(201, "POST v1/conversations", new { title = "Followed up" });
        await first.CallAsync(409, $"POST {FollowUps}",
            new { chatId = asked["number"], dueDate = After(1), message = "No message yet" });
        await first.CallAsync(409, $"POST {FollowUps}",
            new { chatId = 1, dueDate = After(1), message = "The customer was last" });
        var answer = await SayAsync(asked, "An answer", "assistant");
        var body = new { chatId = asked["id"], dueDate = After(1), message = "Still there?" };
        var followUp = await first.CallAsync(201, $"POST {FollowUps}", body, ("Idempotency-Key", "a follow-up's key"));
        await first.CallAsync(201, $"POST {FollowUps}", body, ("Idempotency-Key", "a follow-up's key"));
        await first.CallAsync(422, $"POST {FollowUps}",
            new { chatId = asked["id"], dueDate = After(2), message = "Another" },
            ("Idempotency-Key", "a follow-up's key"));
        await first.CallAsync(404, $"POST {FollowUps}", new { chatId = 999, dueDate = After(1), message = "Nowhere" });
        await first.CallAsync(422, $"POST {FollowUps}", new { chatId = "x", dueDate = "soon", message = "" });
        await first.CallAsync(422, $"POST {FollowUps}",
            new { chatId = 1, dueDate = After(24 * 365 * 3), message = new string('m', 4001) });

        var path = $"{FollowUps}/{followUp["id"]}";
        await first.CallAsync(200, $"GET {path}");
        await first.CallAsync(404, $"GET {FollowUps}/1");
        await first.CallAsync(200, $"PATCH {path}",
            new { dueDate = After(3), message = "Are you there?", reason = "later" }, ("If-Match", "\"1\""));
        await first.CallAsync(412, $"PATCH {path}", new { reason = "stale" }, ("If-Match", "\"1\""));
        await first.CallAsync(200, $"PATCH {path}", new { });
        await first.CallAsync(422, $"PATCH {path}",
            new { status = "lost", dueDate = "soon", message = "", reason = "", chatMessageId = "x" });
        await first.CallAsync(409, $"PATCH {path}", new { chatId = 1 });
        await first.CallAsync(409, $"PATCH {path}", new { finishedAt = After(1) });
        await first.CallAsync(409, $"PATCH {path}", new { status = "failed", finishedAt = (string?)null });
        await first.CallAsync(200, $"PATCH {path}", new { status = "failed", reason = "a test" });
        await first.CallAsync(409, $"PATCH {path}", new { status = "cancelled" });
        await first.CallAsync(200, $"PATCH {path}", new { status = "pending", dueDate = After(4) });
        await first.CallAsync(412, $"DELETE {path}", null, ("If-Match", "\"1\""));
        await first.CallAsync(200, $"DELETE {path}");
        await first.CallAsync(200, $"DELETE {path}");
        await first.CallAsync(200, $"PATCH {path}", new { status = "pending", dueDate = After(5) });
        await first.CallAsync(422, $"PATCH {path}", new { status = "sent", chatMessageId = Unknown });
        await first.CallAsync(200, $"PATCH {path}", new { status = "sent" });
        await first.CallAsync(200, $"PATCH {path}", new { chatMessageId = answer["id"], reason = (string?)null });
        await first.CallAsync(409, $"PATCH {path}", new { status = "pending", dueDate = After(5) });
        await first.CallAsync(409, $"DELETE {path}");
        await first.CallAsync(200, $"GET {path}/events");

        var replied = await first.CallAsync(201, $"POST {FollowUps}",
            new { chatId = asked["id"], dueDate = After(1), message = "Until the reply" });
        await SayAsync(asked, "A reply", "user");
        await first.CallAsync(200, $"GET {FollowUps}/{replied["id"]}/events");
        await first.CallAsync(409, $"PATCH {FollowUps}/{replied["id"]}",
            new { status = "pending", dueDate = After(5) });
        await first.CallAsync(200, $"PATCH v1/conversations/{asked["number"]}", new { handedOffUntil = After(24) });
        await first.CallAsync(409, $"POST {FollowUps}",
            new { chatId = asked["id"], dueDate = After(1), message = "A human answers" });
        await first.CallAsync(200, $"GET {FollowUps}?chatIds={asked["id"]}&statuses=sent&statuses=cancelled");
        await first.CallAsync(200, $"GET {FollowUps}?chatMessageIds={answer["id"]}");
        await first.CallAsync(200, $"GET {FollowUps}?triggerChatMessageIds={answer["id"]}&pageSize=1&pageNumber=2");
        await first.CallAsync(200, $"GET {FollowUps}");
        await first.CallAsync(422, $"GET {FollowUps}?chatIds=x&statuses=lost&pageNumber=0&pageSize=101");
        await first.CallAsync(200, $"GET v1/chat-messages?chatId={asked["id"]}&joins=chat-message-follow-ups");
    }

    private async Task FollowUpsThatAreSentAsync()
    {
        const string FollowUps = "v1/chat-message-follow-ups";
        var asked = await first.CallAsync(201, "POST v1/conversations", new { title = "Sent by Parley" });
        await SayAsync(asked, "An answer", "assistant");
        var late = await first.CallAsync(201, $"POST {FollowUps}",
            new { chatId = asked["id"], dueDate = After(-1), message = "At once" });
        await UntilAsync($"{FollowUps}/{late["id"]}", now => $"{now["status"]}" == "sent");
        await first.CallAsync(200, $"GET {FollowUps}/{late["id"]}");
        await first.CallAsync(200, $"GET {FollowUps}/{late["id"]}/events");

        var due = await first.CallAsync(201, $"POST {FollowUps}",
            new { chatId = asked["id"], dueDate = After(1), message = "By the timer" });
        clock.Advance(TimeSpan.FromHours(2));
        await RunAsync("FollowUpsDue");
        await UntilAsync($"{FollowUps}/{due["id"]}", now => $"{now["status"]}" == "sent");
        await first.CallAsync(200, $"GET {FollowUps}/{due["id"]}");
        await first.CallAsync(200, $"GET v1/messages?conversation={asked["id"]}");

        using var unrecorded = NewUnrecorded();
        for (var i = 0; i < 20; i++)
        {
            await unrecorded.PostAsync(
                FollowUps, new { chatId = asked["id"], dueDate = After(1), message = "One of many" });
        }

        await first.CallAsync(409, $"POST {FollowUps}",
            new { chatId = asked["id"], dueDate = After(1), message = "One too many" });
    }

    private async Task CompletionsAsync()
    {
        const string Completions = "v1/chatbots/1/completions";
        var body = new
        {
            message = new
            {
                content = "Where is my order? /pace 0",
                contentPayload = new { a = 1 },
                queryMetadata = new { order = 17 },
                sender = customer["id"],
            },
        };
        var completion = await first.CallAsync(200, $"POST {Completions}",
            body, ("Idempotency-Key", "a completion's key"));
        await first.CallAsync(200, $"POST {Completions}", body, ("Idempotency-Key", "a completion's key"));
        await first.CallAsync(422, $"POST {Completions}",
            new { message = new { content = "Another" } }, ("Idempotency-Key", "a completion's key"));
        await first.CallAsync(200, $"GET v1/completions/{completion["completionId"]}");
        await first.CallAsync(200, $"POST v1/completions/{completion["completionId"]}/cancel");
        var conversation = completion["conversationId"];
        await first.CallAsync(200, $"POST {Completions}", new { conversation, message = new { content = "/words 2" } });
        await first.CallAsync(429, $"POST {Completions}",
            new { conversation, message = new { content = "/fail rate_limited" } });
        await first.CallAsync(422, $"POST {Completions}",
            new { conversation, message = new { content = "/words 1 /fail refused after 1" } });
        await first.CallAsync(502, $"POST {Completions}",
            new { conversation, message = new { content = "/fail bad_request" } });
        await first.CallAsync(502, $"POST {Completions}",
            new { conversation, message = new { content = "/fail unavailable" } });
        await first.CallAsync(409, "POST v1/chatbots/2/completions",
            new { message = new { content = "To a disabled chatbot" } });
        await first.CallAsync(404, $"POST {Completions}",
            new { conversation = 999, message = new { content = "Nowhere" } });
        await first.CallAsync(422, $"POST {Completions}",
            new
            {
                conversation = "x",
                message = new { content = "", contentPayload = 1, attachments = new[] { new { type = "x" } } },
                isStreaming = "yes",
            });
        await first.CallAsync(200, $"GET v1/messages?conversation={conversation}");

        var replied = await first.CallAsync(201, "POST v1/conversations", new { title = "Replied to", chatbot = 1 });
        await first.CallAsync(201, "POST v1/messages", new { conversation = replied["id"], content = "/words 1" });
        await UntilAsync($"v1/messages?conversation={replied["id"]}", now => now["results"]!.AsArray().Count == 2);
        await first.CallAsync(200, $"GET v1/messages?conversation={replied["id"]}");
        await first.CallAsync(200, $"GET v1/conversations/{replied["id"]}");
    }

    /// <summary>One word each: words that arrive while an event is stored are combined into one event.</summary>
    private async Task StreamsAsync()
    {
        const string Completions = "v1/chatbots/1/completions";
        await first.CallAsync(200, $"POST {Completions}",
            new { isStreaming = true, message = new { content = "/words 1" } });
        var body = new { isStreaming = true, message = new { content = "/words 1 /fail refused after 1" } };
        await first.CallAsync(200, $"POST {Completions}", body, ("Idempotency-Key", "a stream's key"));
        await first.CallAsync(200, $"POST {Completions}",
            body, ("Idempotency-Key", "a stream's key"), ("Last-Event-ID", "1"));

        using var unrecorded = NewUnrecorded();
        using var request = new HttpRequestMessage(HttpMethod.Post, Completions)
        {
            Content = JsonContent.Create(
                new { isStreaming = true, message = new { content = "/words 1 /hang after 1" } }),
        };
        using var hanging = await unrecorded.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var path = hanging.Headers.Location!.PathAndQuery["/api/".Length..];
        await UntilAsync(path, now => $"{now["content"]}" == "word1");
        await first.CallAsync(200, $"GET {path}");
        await first.CallAsync(200, $"POST {path}/cancel");
        await first.CallAsync(200, $"POST {path}/cancel");
        await first.CallAsync(200, $"GET {path}/events");
        await first.CallAsync(200, $"GET {path}/events", null, ("Last-Event-ID", "1"));
        await first.CallAsync(204, $"GET {path}/events", null, ("Last-Event-ID", "99"));
        await first.CallAsync(404, "GET v1/completions/1");
    }

    private async Task RecordsAsync()
    {
        const string Records = "v1/chatbots/1/records";
        var list = await first.CallAsync(200, $"GET {Records}");
        var record = list["results"]![0]!;
        await first.CallAsync(
            200, $"GET {Records}?pageSize=2&page=2&from=2026-03-02T09:00:00Z&to=2026-03-03T00:00%2B01:00");
        await first.CallAsync(422, $"GET {Records}?pageSize=101&page=0&from=x&to=x");
        await first.CallAsync(200, $"PATCH {Records}/{record["id"]}",
            new { faithfulnessScore = 0.10, answerRelevancyScore = 1, contextRecallScore = (double?)null });
        await first.CallAsync(412, $"PATCH {Records}/{record["id"]}",
            new { faithfulnessScore = 0.2 }, ("If-Match", "\"999\""));
        await first.CallAsync(422, $"PATCH {Records}/{record["id"]}", new { });
        await first.CallAsync(422, $"PATCH {Records}/{record["id"]}",
            new { faithfulnessScore = 1.1, answerRelevancyScore = "1", contextRecallScore = -1 });
        await first.CallAsync(404, $"PATCH v1/chatbots/2/records/{record["id"]}", new { faithfulnessScore = 0.2 });
        await first.CallAsync(200, $"GET {Records}/export-excel");
        await first.CallAsync(200, $"GET {Records}/export-excel?language=ptBr&to=2026-03-02T09:00:00Z");
        await first.CallAsync(422, $"GET {Records}/export-excel?language=xx&from=x");
    }

    private async Task ExportsAsync()
    {
        using var receiver = new Receiver("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nTaken");
        var callbackUrl = $"http://localhost:{receiver.Port}/callback?a=1";
        var rangeEnd = AMinuteAgo;
        var body = new { callbackUrl, rangeEnd, format = "csv", rangeStart = "2026-03-02T00:00:00Z" };
        var csv = await first.CallAsync(200, "POST v1/chat-messages/export",
            body, ("Idempotency-Key", "an export's key"));

        // Each request moves the clock, so the next one waits until the export has stored its times.
        await TakenAsync(csv, attempts: 1);
        await first.CallAsync(200, "POST v1/chat-messages/export", body, ("Idempotency-Key", "an export's key"));
        await first.CallAsync(422, "POST v1/chat-messages/export",
            new { callbackUrl }, ("Idempotency-Key", "an export's key"));
        recorded.AddCallback(receiver.Request);
        foreach (var (format, language) in new[] { ("jsonl", "enUs"), ("xlsx", "ptBr") })
        {
            var export = await first.CallAsync(200, "POST v1/chat-messages/export",
                new { callbackUrl, rangeEnd, format, language });
            await TakenAsync(export, attempts: 1);
            await first.CallAsync(200, $"GET v1/exports/{export["exportId"]}");
            await first.CallAsync(200, $"GET v1/exports/{export["exportId"]}/content");
        }

        var records = await first.CallAsync(200, "POST v1/chatbots/1/records/export",
            new { callbackUrl, rangeEnd, format = "jsonl" }, ("Idempotency-Key", "a key of records"));
        await TakenAsync(records, attempts: 1);
        await first.CallAsync(200, "POST v1/chatbots/1/records/export",
            new { callbackUrl, rangeEnd, format = "jsonl" }, ("Idempotency-Key", "a key of records"));
        await first.CallAsync(404, "POST v1/chatbots/99/records/export", new { callbackUrl });
        await first.CallAsync(200, $"GET v1/exports/{records["exportId"]}");
        await first.CallAsync(200, $"GET v1/exports/{records["exportId"]}/content");
        await first.CallAsync(200, "GET v1/exports/1");
        await first.CallAsync(200, "GET v1/exports/1/content");
        await first.CallAsync(404, "GET v1/exports/x");
        await first.CallAsync(200, "POST v1/exports/1/callback");
        await TakenAsync(csv, attempts: 2);
        await WalkAsync("v1/exports?pageSize=2");
        await first.CallAsync(422, "POST v1/chat-messages/export",
            new
            {
                callbackUrl = "http://parley.test/",
                rangeStart = "soon",
                rangeEnd = "x",
                language = "",
                format = "pdf",
            });
        await first.CallAsync(422, "POST v1/chat-messages/export",
            new { callbackUrl, rangeStart = After(1) });
    }

    private async Task ExportsWithoutAFileAsync()
    {
        await first.CallAsync(200, "DELETE v1/exports/1");
        await first.CallAsync(200, "DELETE v1/exports/1");
        await first.CallAsync(409, "GET v1/exports/1/content");
        await first.CallAsync(409, "POST v1/exports/1/callback");

        var refused = await first.CallAsync(200, "POST v1/chat-messages/export",
            new { callbackUrl = "http://localhost:9/", rangeEnd = AMinuteAgo, format = "csv" });
        await UntilAsync(
            $"v1/exports/{refused["exportId"]}", now => now["callback"]!["attempts"]!.AsArray().Count == 1);
        await first.CallAsync(200, $"GET v1/exports/{refused["exportId"]}");
        await first.CallAsync(200, $"DELETE v1/exports/{refused["exportId"]}");

        // The range of this export ends now, so it waits until no message of the range can still be written.
        var waiting = await first.CallAsync(200, "POST v1/chat-messages/export",
            new { callbackUrl = "http://localhost:9/" });
        await first.CallAsync(200, $"GET v1/exports/{waiting["exportId"]}");
        await first.CallAsync(409, $"GET v1/exports/{waiting["exportId"]}/content");
        await first.CallAsync(409, $"POST v1/exports/{waiting["exportId"]}/callback");
        await first.CallAsync(200, $"DELETE v1/exports/{waiting["exportId"]}");
    }
}
