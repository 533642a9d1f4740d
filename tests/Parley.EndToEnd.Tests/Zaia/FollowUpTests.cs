using System.Net;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Zaia;

public class FollowUpTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private const string Path = FollowUpCalls.Path;

    [Fact]
    public async Task A_follow_up_waits_for_its_time()
    {
        var trigger = await parley.Client.NewAnsweredChatAsync();
        var due = FollowUpCalls.In(TimeSpan.FromHours(1));
        using var created = await parley.Client.SendJsonAsync(HttpMethod.Post, Path, new { chatId = trigger["chatId"], dueDate = due, message = "Still there? 😀" });
        var followUp = await created.ReadAsync(HttpStatusCode.Created);

        Assert.Equal(
            ["id", "createdAt", "updatedAt", "chatId", "chatMessageId", "dueDate", "finishedAt", "message", "reason", "status", "triggerChatMessageId"],
            followUp.AsObject().Select(member => member.Key));
        var id = followUp["id"]!.GetValue<string>();
        Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", id);
        Assert.True(ApiHelpers.Time(trigger["createdAt"]) <= ApiHelpers.Time(followUp["createdAt"]));
        Assert.Equal(ApiHelpers.Time(followUp["createdAt"]), ApiHelpers.Time(followUp["updatedAt"]));
        Assert.Equal(ApiHelpers.Text(trigger["chatId"]), followUp["chatId"]!.GetValue<string>());
        Assert.Null(followUp["chatMessageId"]);
        Assert.InRange(ApiHelpers.Time(followUp["dueDate"]), due, due.AddMilliseconds(1));
        Assert.Null(followUp["finishedAt"]);
        Assert.Equal("Still there? 😀", followUp["message"]!.GetValue<string>());
        Assert.Null(followUp["reason"]);
        Assert.Equal("pending", followUp["status"]!.GetValue<string>());
        Assert.Equal(ApiHelpers.Text(trigger["id"]), followUp["triggerChatMessageId"]!.GetValue<string>());
        Assert.Equal($"{parley.Api}v1/chat-message-follow-ups/{id}", created.Headers.Location!.ToString());
        Assert.Equal("\"1\"", created.Headers.ETag!.Tag);
        Assert.False(created.Headers.Contains("Idempotent-Replayed"));
        await parley.Client.AssertFollowUpAsync(followUp, "\"1\"");
        var transition = Assert.Single((await parley.Client.CallAsync(HttpMethod.Get, $"v1/chat-message-follow-ups/{id}/events")).AsArray())!;
        Assert.Equal(["at", "from", "to", "reason", "actor", "detail"], transition.AsObject().Select(member => member.Key));
        Assert.Equal(ApiHelpers.Text(followUp["createdAt"]), transition["at"]!.GetValue<string>());
        Assert.Null(transition["from"]);
        Assert.Equal("pending", transition["to"]!.GetValue<string>());
        Assert.Null(transition["reason"]);
        Assert.Equal("Test key", transition["actor"]!.GetValue<string>());
        Assert.Null(transition["detail"]);
        Assert.Single((await parley.Client.ArrayAsync($"v1/chat-messages?chatId={trigger["chatId"]}")).Items);
    }

    [Fact]
    public async Task A_chat_is_named_in_every_form_of_its_id_and_fields_in_either_case()
    {
        var chat = await parley.Client.NewConversationAsync();
        var (number, uuid) = (chat["number"]!.GetValue<int>(), chat["id"]!.GetValue<string>());
        await parley.Client.PostTextAsync(number, "x", "assistant");
        foreach (var id in new object[] { number, $"{number}", uuid, uuid.ToUpperInvariant() })
        {
            var camel = await parley.Client.FollowUpAsync(id);
            var snake = await parley.Client.CallAsync(
                HttpMethod.Post, Path + "/", new { chat_id = id, due_date = "2027-10-31T09:00:00.1234-03:00", message = "x", unknown = 1 }, HttpStatusCode.Created);
            Assert.Equal(uuid, camel["chatId"]!.GetValue<string>());
            Assert.Equal(uuid, snake["chatId"]!.GetValue<string>());
            Assert.Equal("2027-10-31T12:00:00.124Z", snake["dueDate"]!.GetValue<string>());
        }
    }

    [Fact]
    public async Task The_trigger_is_the_last_message_of_an_assistant_or_of_staff()
    {
        var assistant = await parley.Client.NewAnsweredChatAsync();
        var chat = assistant["chatId"]!;
        var number = (await parley.Client.CallAsync(HttpMethod.Get, $"v1/conversations/{chat}"))["number"]!.GetValue<int>();
        Assert.Equal(ApiHelpers.Text(assistant["id"]), await TriggerAsync());
        await parley.Client.PostTextAsync(chat, "Hm.");
        await parley.Client.PostAsync(number, "A human answers.");
        Assert.Equal(await LastAsync(), await TriggerAsync());
        using (var media = await parley.Client.UploadAsync(number, "x"u8.ToArray(), "x"))
        {
            await media.ReadAsync();
        }

        Assert.Equal(await LastAsync(), await TriggerAsync());
        var customer = await parley.Client.NewSenderAsync(new { entity = "external_user", name = "Ana" });

        // The stored role decides, not the kind of sender.
        var last = await parley.Client.CallAsync(HttpMethod.Post, "v1/chat-messages", new { chatId = chat, content = "x", role = "assistant", senderId = customer["id"] });
        Assert.Equal(ApiHelpers.Text(last["id"]), await TriggerAsync());

        async Task<string?> TriggerAsync() => ApiHelpers.Text((await parley.Client.FollowUpAsync(chat))["triggerChatMessageId"]);

        async Task<string?> LastAsync() => ApiHelpers.Text((await parley.Client.ArrayAsync($"v1/chat-messages?chatId={chat}")).Items[^1]!["id"]);
    }

    [Fact]
    public async Task A_chat_accepts_no_follow_up_without_messages_after_a_customers_message_or_during_a_hand_off()
    {
        var chat = await parley.Client.CreateConversationAsync();
        await RefusedAsync();
        await parley.Client.PostTextAsync(chat, "Where is my order?");
        await RefusedAsync();
        await parley.Client.PostTextAsync(chat, "On its way.", "assistant");
        await parley.Client.FollowUpAsync(chat);
        await HandOffAsync(FollowUpCalls.In(TimeSpan.FromHours(1)));
        await RefusedAsync();
        await HandOffAsync(null);
        await parley.Client.FollowUpAsync(chat);
        await HandOffAsync(FollowUpCalls.In(TimeSpan.FromHours(1)));
        await RefusedAsync();
        await HandOffAsync(FollowUpCalls.In(TimeSpan.FromHours(-1)));
        await parley.Client.FollowUpAsync(chat);
        await parley.Client.CallAsync(HttpMethod.Post, "v1/messages", new { conversation = chat, content = "Thanks." }, HttpStatusCode.Created);
        await RefusedAsync();
        Assert.Equal(3, (await parley.Client.FollowUpsAsync($"?chatIds={chat}")).Count);

        Task RefusedAsync() => parley.Client.RefusedAsync(HttpMethod.Post, Path, Body(chat), 409, "follow_up_refused");

        Task HandOffAsync(DateTimeOffset? until) => parley.Client.CallAsync(HttpMethod.Patch, $"v1/conversations/{chat}", new { handedOffUntil = until });
    }

    [Fact]
    public async Task A_chat_has_at_most_twenty_pending_follow_ups()
    {
        var chat = (await parley.Client.NewAnsweredChatAsync())["chatId"]!;
        var all = new List<JsonNode>();
        for (var i = 1; i <= 20; i++)
        {
            all.Add(await parley.Client.FollowUpAsync(chat, $"{i}"));
        }

        await parley.Client.RefusedAsync(HttpMethod.Post, Path, Body(chat), 409, "too_many_follow_ups");
        await parley.Client.PatchFollowUpAsync(all[0], new { message = "edited" });
        var cancelled = await parley.Client.CallAsync(HttpMethod.Delete, $"{Path}/{all[7]["id"]}");
        all.Add(await parley.Client.FollowUpAsync(chat, "21"));
        await parley.Client.RefusedAsync(HttpMethod.Post, Path, Body(chat), 409, "too_many_follow_ups");
        var rearm = new { status = "pending", dueDate = FollowUpCalls.In(TimeSpan.FromHours(1)) };
        await parley.Client.RefusedAsync(HttpMethod.Patch, $"{Path}/{cancelled["id"]}", rearm, 409, "too_many_follow_ups");
        await parley.Client.PatchFollowUpAsync(all[20], new { status = "failed", reason = "no" });
        await parley.Client.PatchFollowUpAsync(cancelled, rearm);
        await parley.Client.RefusedAsync(HttpMethod.Post, Path, Body(chat), 409, "too_many_follow_ups");

        // One message ends all twenty, and others can be created.
        await parley.Client.PostTextAsync(chat, "Yes.");
        Assert.Empty(await parley.Client.FollowUpsAsync($"?chatIds={chat}&statuses=pending"));
        Assert.Equal(20, (await parley.Client.FollowUpsAsync($"?chatIds={chat}&statuses=cancelled&pageSize=100")).Count);
        await parley.Client.PostTextAsync(chat, "Fine.", "assistant");
        await parley.Client.FollowUpAsync(chat);
    }

    [Fact]
    public async Task Each_field_has_its_rule()
    {
        var chat = (await parley.Client.NewAnsweredChatAsync())["chatId"]!;
        var now = TimeProvider.System.GetUtcNow();
        var wrong = new (string Field, object?[] Values)[]
        {
            ("chatId", [null, "x", "", 0, -1, 1.5, true]),
            ("message", [null, "", new string('x', 4001), 5, new { }]),
            ("dueDate", [null, "", "x", 5, "2027-01-31", "2027-01-31T12:00:00", "1600-12-31T00:00:00Z", now.AddHours(-24).AddMinutes(-1), now.AddYears(2).AddMinutes(1)]),
        };
        foreach (var (field, values) in wrong)
        {
            foreach (var value in values)
            {
                await parley.Client.RefusedAsync(HttpMethod.Post, Path, With(Body(chat), field, value), 422, "invalid_fields", field);
            }
        }

        await parley.Client.RefusedAsync(HttpMethod.Post, Path, new { }, 422, "invalid_fields", "chatId", "dueDate", "message");
        await parley.Client.AssertNoTextAsync(HttpMethod.Post, Path, With(Body(chat), "message", ChatCalls.Marker), "message");
        await parley.Client.AssertNoTextAsync(HttpMethod.Post, Path, Body(ChatCalls.Marker), "chatId");
        Assert.Empty(await parley.Client.FollowUpsAsync($"?chatIds={chat}"));

        var longest = new string('é', 4000);
        Assert.Equal(longest, ApiHelpers.Text((await parley.Client.FollowUpAsync(chat, longest))["message"]));
        foreach (var due in new[] { now.AddHours(-24).AddMinutes(1), now.AddYears(2).AddMinutes(-1) })
        {
            var taken = await parley.Client.FollowUpAsync(chat, due: due);
            Assert.InRange(ApiHelpers.Time(taken["dueDate"]), due, due.AddMilliseconds(1));
            Assert.Equal("pending", ApiHelpers.Text(taken["status"]));
        }
    }

    [Fact]
    public async Task Bodies_that_are_not_JSON_or_too_large_are_refused()
    {
        var followUp = await parley.Client.FollowUpAsync((await parley.Client.NewAnsweredChatAsync())["chatId"]!);
        foreach (var (method, path) in new[] { (HttpMethod.Post, Path), (HttpMethod.Patch, $"{Path}/{followUp["id"]}") })
        {
            await RefusedAsync(new StringContent("{", null, "application/json"), 400, "malformed_json");
            await RefusedAsync(new StringContent("[]", null, "application/json"), 400, "malformed_json");
            await RefusedAsync(new StringContent("{}", null, "text/plain"), 415, "unsupported_media_type");
            await RefusedAsync(new StringContent($"{{\"message\":\"{new string('x', 70_000)}\"}}", null, "application/json"), 413, "body_too_large");

            async Task RefusedAsync(HttpContent body, int status, string code)
            {
                using var request = new HttpRequestMessage(method, path) { Content = body };
                using var response = await parley.Client.SendAsync(request);
                await response.AssertProblemAsync(status, code);
            }
        }

        await parley.Client.AssertFollowUpAsync(followUp, "\"1\"");
    }

    [Fact]
    public async Task Unknown_ids_and_those_of_another_tenant_are_not_found()
    {
        var stranger = await parley.NewTenantClientAsync("Stranger");
        var theirChat = ApiHelpers.Text((await stranger.NewAnsweredChatAsync())["chatId"])!;
        var theirs = await stranger.FollowUpAsync(theirChat);
        var mine = await parley.NewTenantClientAsync("Mine");
        foreach (var id in new object[] { theirChat, 1, "999999", long.MaxValue, ApiHelpers.UnknownUuid })
        {
            await mine.RefusedAsync(HttpMethod.Post, Path, Body(id), 404, "conversation_not_found");
        }

        // The first follow-up of the first chat, with the same number as the other tenant's.
        var message = await mine.NewAnsweredChatAsync();
        var own = ApiHelpers.Text((await mine.FollowUpAsync(message["chatId"]!))["id"])!;
        var another = own[..^1] + (own[^1] == '0' ? '1' : '0');
        string[] ids = [ApiHelpers.Text(theirs["id"])!, another, ApiHelpers.UnknownUuid, ApiHelpers.Text(message["chatId"])!, ApiHelpers.Text(message["id"])!, "1", "0", "-1", "x", own[..^1], own + "0", $"{{{own}}}"];
        foreach (var id in ids)
        {
            await mine.RefusedAsync(HttpMethod.Get, $"{Path}/{id}", null, 404, "follow_up_not_found");
            await mine.RefusedAsync(HttpMethod.Get, $"{Path}/{id}/events", null, 404, "follow_up_not_found");
            await mine.RefusedAsync(HttpMethod.Patch, $"{Path}/{id}", new { message = "mine" }, 404, "follow_up_not_found");
            await mine.RefusedAsync(HttpMethod.Delete, $"{Path}/{id}", null, 404, "follow_up_not_found");
        }

        await stranger.AssertFollowUpAsync(theirs, "\"1\"");
        await mine.CallAsync(HttpMethod.Get, $"{Path}/{own.ToUpperInvariant()}/");
    }

    [Fact]
    public async Task A_key_with_the_scope_is_required()
    {
        (HttpMethod Method, string Path, object? Body, string Scope)[] calls =
        [
            (HttpMethod.Post, Path, new { chatId = 999 }, "follow-ups:write"),
            (HttpMethod.Get, Path, null, "follow-ups:read"),
            (HttpMethod.Get, $"{Path}/999", null, "follow-ups:read"),
            (HttpMethod.Get, $"{Path}/999/events", null, "follow-ups:read"),
            (HttpMethod.Patch, $"{Path}/999", new { message = 5 }, "follow-ups:write"),
            (HttpMethod.Delete, $"{Path}/999", null, "follow-ups:write"),
        ];
        await parley.AssertGuardedAsync(calls);
        foreach (var scope in new[] { "messages:write", "messages:read" })
        {
            var client = await parley.NewClientWithScopeAsync(scope);
            foreach (var (method, path, body, _) in calls)
            {
                await client.RefusedAsync(method, path, body, 403, "scope_missing");
            }
        }
    }

    [Fact]
    public async Task An_idempotency_key_creates_one_follow_up()
    {
        var chat = await parley.Client.NewConversationAsync();
        var number = chat["number"]!.GetValue<int>();
        await parley.Client.PostTextAsync(number, "x", "assistant");
        var other = (await parley.Client.NewAnsweredChatAsync())["chatId"]!;
        var due = FollowUpCalls.In(TimeSpan.FromHours(1));
        var key = ("Idempotency-Key", "follow-up key");
        using var one = await SendAsync(number);
        using var two = await SendAsync(number);
        using var elsewhere = await SendAsync(other);
        var followUp = await one.ReadAsync(HttpStatusCode.Created);

        Assert.False(one.Headers.Contains("Idempotent-Replayed"));
        await AssertReplayedAsync(two);
        Assert.False(elsewhere.Headers.Contains("Idempotent-Replayed"));
        foreach (var (field, value) in new (string, object)[] { ("message", "y"), ("dueDate", due.AddSeconds(1)), ("chatId", ApiHelpers.Text(chat["id"])!) })
        {
            using var reused = await parley.Client.SendJsonAsync(HttpMethod.Post, Path, With(Body(number, due), field, value), key);
            await reused.AssertProblemAsync(422, "idempotency_key_reused");
        }

        using (var message = await parley.Client.SendJsonAsync(HttpMethod.Post, "v1/chat-messages", new { chatId = number, content = "x", role = "assistant" }, key))
        {
            await message.AssertProblemAsync(422, "idempotency_key_reused");
        }

        // The first response again, after any change, and although the chat would accept no follow-up now.
        await parley.Client.PatchFollowUpAsync(followUp, new { message = "edited", dueDate = due.AddHours(1), reason = "why" });
        using (var edited = await SendAsync(number))
        {
            await AssertReplayedAsync(edited);
        }

        await parley.Client.PostTextAsync(number, "I am here.");
        using (var cancelled = await SendAsync(number))
        {
            await AssertReplayedAsync(cancelled);
        }

        Assert.Equal("cancelled", ApiHelpers.Text(Assert.Single(await parley.Client.FollowUpsAsync($"?chatIds={number}"))!["status"]));
        foreach (var bad in new[] { "", new string('x', 256) })
        {
            using var refused = await parley.Client.SendJsonAsync(HttpMethod.Post, Path, new { }, ("Idempotency-Key", bad));
            await refused.AssertProblemAsync(422, "invalid_fields", "chatId", "dueDate", "message", "Idempotency-Key");
        }

        Task<HttpResponseMessage> SendAsync(object chatId) => parley.Client.SendJsonAsync(HttpMethod.Post, Path, Body(chatId, due), key);

        async Task AssertReplayedAsync(HttpResponseMessage response)
        {
            Assert.True(JsonNode.DeepEquals(followUp, await response.ReadAsync(HttpStatusCode.Created)));
            Assert.Equal(["true"], response.Headers.GetValues("Idempotent-Replayed"));
            Assert.Equal("\"1\"", response.Headers.ETag!.Tag);
            Assert.Equal(one.Headers.Location, response.Headers.Location);
        }
    }

    [Fact]
    public async Task Eight_concurrent_requests_with_one_key_create_one_follow_up()
    {
        var chat = (await parley.Client.NewAnsweredChatAsync())["chatId"]!;
        var due = FollowUpCalls.In(TimeSpan.FromHours(1));
        var responses = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ =>
            parley.Client.SendJsonAsync(HttpMethod.Post, Path, Body(chat, due), ("Idempotency-Key", "follow-up race"))));

        Assert.Single(responses, response => !response.Headers.Contains("Idempotent-Replayed"));
        var followUp = Assert.Single(await parley.Client.FollowUpsAsync($"?chatIds={chat}"));
        foreach (var response in responses)
        {
            Assert.True(JsonNode.DeepEquals(followUp, await response.ReadAsync(HttpStatusCode.Created)));
            response.Dispose();
        }
    }

    private static Dictionary<string, object?> With(Dictionary<string, object?> body, string field, object? value) => new(body) { [field] = value };

    private static Dictionary<string, object?> Body(object chat, DateTimeOffset? due = null) =>
        new() { ["chatId"] = chat, ["dueDate"] = due ?? FollowUpCalls.In(TimeSpan.FromHours(1)), ["message"] = "Still there?" };
}

/// <summary>Requests and checks for tests of follow-ups.</summary>
internal static class FollowUpCalls
{
    public const string Path = "v1/chat-message-follow-ups";

    /// <summary>The time after this span from now.</summary>
    public static DateTimeOffset In(TimeSpan time) => TimeProvider.System.GetUtcNow() + time;

    /// <summary>Creates a chat that begins with a message of the assistant, and returns that message.</summary>
    public static async Task<JsonNode> NewAnsweredChatAsync(this HttpClient client) =>
        await client.PostTextAsync(await client.CreateConversationAsync(), "How can I help?", "assistant");

    /// <summary>Creates a follow-up, due in an hour by default.</summary>
    public static Task<JsonNode> FollowUpAsync(this HttpClient client, object chatId, string message = "Still there?", DateTimeOffset? due = null) =>
        client.CallAsync(HttpMethod.Post, Path, new { chatId, dueDate = due ?? In(TimeSpan.FromHours(1)), message }, HttpStatusCode.Created);

    /// <summary>A page of the list.</summary>
    public static async Task<JsonArray> FollowUpsAsync(this HttpClient client, string query) => (await client.CallAsync(HttpMethod.Get, Path + query)).AsArray();

    /// <summary>Reads a follow-up.</summary>
    public static Task<JsonNode> NowAsync(this HttpClient client, JsonNode followUp) => client.CallAsync(HttpMethod.Get, $"{Path}/{followUp["id"]}");

    /// <summary>Changes a follow-up.</summary>
    public static Task<JsonNode> PatchFollowUpAsync(this HttpClient client, JsonNode followUp, object change) =>
        client.CallAsync(HttpMethod.Patch, $"{Path}/{followUp["id"]}", change);

    /// <summary>Waits until a follow-up has been sent, and returns it.</summary>
    public static async Task<JsonNode> SentAsync(this HttpClient client, JsonNode followUp)
    {
        var until = In(Wait.Limit);
        while (true)
        {
            var now = await client.NowAsync(followUp);
            if (ApiHelpers.Text(now["status"]) == "sent")
            {
                return now;
            }

            Assert.Equal("pending", ApiHelpers.Text(now["status"]));
            Assert.True(TimeProvider.System.GetUtcNow() < until, $"It has not been sent: {now}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }

    /// <summary>Checks the follow-up and its entity tag.</summary>
    public static async Task AssertFollowUpAsync(this HttpClient client, JsonNode expected, string tag)
    {
        using var response = await client.GetAsync($"{Path}/{expected["id"]}");
        var read = await response.ReadAsync();
        Assert.True(JsonNode.DeepEquals(expected, read), $"{read} instead of {expected}");
        Assert.Equal(tag, response.Headers.ETag!.Tag);
    }

    /// <summary>Checks its transitions: from, to, reason and actor of each.</summary>
    public static async Task AssertEventsAsync(this HttpClient client, JsonNode followUp, params (string? From, string To, string? Reason, string Actor)[] expected)
    {
        var id = followUp["id"];
        var events = (await client.CallAsync(HttpMethod.Get, $"v1/chat-message-follow-ups/{id}/events")).AsArray();
        Assert.Equal(expected, events.Select(one => (ApiHelpers.Text(one!["from"]), one["to"]!.GetValue<string>(), ApiHelpers.Text(one["reason"]), one["actor"]!.GetValue<string>())));
        var times = events.Select(one => ApiHelpers.Time(one!["at"])).ToList();
        Assert.Equal(times.Order(), times);
        Assert.Equal(ApiHelpers.Time(followUp["createdAt"]), times[0]);
        Assert.All(events, one => Assert.Null(one!["detail"]));
    }
}
