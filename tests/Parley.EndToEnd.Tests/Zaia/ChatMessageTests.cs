using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Zaia;

public class ChatMessageTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private const string Path = "v1/chat-messages";

    [Fact]
    public async Task A_message_with_everything_has_every_field()
    {
        var chat = await parley.Client.NewConversationAsync();
        var first = await parley.Client.PostTextAsync(chat["number"]!, "first");
        var thread = await parley.Client.CallAsync(HttpMethod.Post, "v1/chat-threads", new { chatId = chat["id"], chatMessageId = first["id"] });
        var sender = await parley.Client.NewSenderAsync(new { entity = "agent", name = "Bia" });
        using var response = await parley.Client.SendJsonAsync(HttpMethod.Post, "v1/chat-messages", new
        {
            chatId = chat["id"],
            content = "Olá \u202eRTL e\u0301 😀 \"<&>",
            role = "assistant",
            chatThreadId = thread["id"],
            externalId = "wamid-17",
            senderId = sender["id"],
        });
        var message = await response.ReadAsync();

        Assert.Equal(
            ["id", "createdAt", "updatedAt", "chatId", "chatThreadId", "content", "externalId", "rawContent", "role", "senderId"],
            message.AsObject().Select(member => member.Key));
        Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", message["id"]!.GetValue<string>());
        Assert.True(ApiHelpers.Time(first["createdAt"]) <= ApiHelpers.Time(message["createdAt"]));
        Assert.Equal(ApiHelpers.Time(message["createdAt"]), ApiHelpers.Time(message["updatedAt"]));
        Assert.Equal(ApiHelpers.Text(chat["id"]), message["chatId"]!.GetValue<string>());
        Assert.Equal(ApiHelpers.Text(thread["id"]), message["chatThreadId"]!.GetValue<string>());
        Assert.Equal("Olá \u202eRTL e\u0301 😀 \"<&>", message["content"]!.GetValue<string>());
        Assert.Equal("Olá \u202eRTL e\u0301 😀 \"<&>", message["rawContent"]!.GetValue<string>());
        Assert.Equal("wamid-17", message["externalId"]!.GetValue<string>());
        Assert.Equal("assistant", message["role"]!.GetValue<string>());
        Assert.Equal(ApiHelpers.Text(sender["id"]), message["senderId"]!.GetValue<string>());
        Assert.False(response.Headers.Contains("Idempotent-Replayed"));
        var (items, _, total) = await parley.Client.ArrayAsync($"v1/chat-messages?chatId={chat["number"]}");
        Assert.True(JsonNode.DeepEquals(new JsonArray(first.DeepClone(), message.DeepClone()), items));
        Assert.Equal(2, total);
    }

    [Fact]
    public async Task Omitted_fields_are_null()
    {
        var chat = await parley.Client.CreateConversationAsync();
        var message = await parley.Client.PostTextAsync(chat, "");

        Assert.Equal("", message["content"]!.GetValue<string>());
        Assert.Equal("", message["rawContent"]!.GetValue<string>());
        Assert.Equal("user", message["role"]!.GetValue<string>());
        Assert.Null(message["chatThreadId"]);
        Assert.Null(message["externalId"]);
        Assert.Null(message["senderId"]);
    }

    [Fact]
    public async Task Members_may_be_in_snake_case_and_null_is_absent()
    {
        var chat = await parley.Client.CreateConversationAsync();
        var sender = await parley.Client.NewSenderAsync(new { entity = "external_user", name = "Ana" });
        var first = await parley.Client.PostTextAsync(chat, "first");
        var thread = await parley.Client.CallAsync(HttpMethod.Post, "v1/chat-threads", new { chat_id = $"{chat}", chat_message_id = first["id"] });
        var message = await parley.Client.CallAsync(HttpMethod.Post, Path, new
        {
            chat_id = $"{chat}",
            content = "x",
            role = "user",
            chat_thread_id = thread["id"],
            external_id = "abc",
            sender_id = sender["number"],
        });
        var absent = await parley.Client.CallAsync(
            HttpMethod.Post, Path, new { chatId = chat, content = "x", role = "user", chatThreadId = (string?)null, externalId = (string?)null, senderId = (string?)null, unknown = 1 });

        Assert.Equal(
            (ApiHelpers.Text(thread["id"]), "abc", ApiHelpers.Text(sender["id"])),
            (ApiHelpers.Text(message["chatThreadId"]), ApiHelpers.Text(message["externalId"]), ApiHelpers.Text(message["senderId"])));
        Assert.All(new[] { "chatThreadId", "externalId", "senderId" }, member => Assert.Null(absent[member]));
    }

    [Fact]
    public async Task Each_field_has_its_rule()
    {
        var chat = await parley.Client.CreateConversationAsync();
        var longest = string.Concat(Enumerable.Repeat("😀", 4000));
        foreach (var (field, value) in new (string, object?)[]
        {
            ("content", longest),
            ("content", ""),
            ("externalId", "abc"),
            ("externalId", new string('é', 250)),
            ("chatId", $"{chat}"),
            ("role", "assistant"),
        })
        {
            var taken = await parley.Client.CallAsync(HttpMethod.Post, Path, Body(chat, field, value));
            if (field != "chatId")
            {
                Assert.Equal(value, ApiHelpers.Text(taken[field]));
            }
        }

        foreach (var (field, value) in new (string, object?)[]
        {
            ("content", longest + "x"),
            ("content", null),
            ("content", 5),
            ("externalId", "ab"),
            ("externalId", ""),
            ("externalId", new string('x', 251)),
            ("externalId", 555),
            ("role", null),
            ("role", "system"),
            ("role", "User"),
            ("role", ""),
            ("role", 1),
            ("chatId", null),
            ("chatId", "x"),
            ("chatId", 0),
            ("chatId", -1),
            ("chatId", 1.5),
            ("chatId", "007"),
            ("senderId", "x"),
            ("senderId", 0),
            ("senderId", 999_999_999),
            ("senderId", ApiHelpers.UnknownUuid),
            ("chatThreadId", "x"),
            ("chatThreadId", 1),
            ("chatThreadId", ApiHelpers.UnknownUuid),
        })
        {
            using var response = await parley.Client.SendJsonAsync(HttpMethod.Post, Path, Body(chat, field, value));
            await response.AssertProblemAsync(422, "invalid_fields", field);
        }

        await parley.Client.RefusedAsync(
            HttpMethod.Post, Path, new { externalId = "x", senderId = "x", chatThreadId = "x" }, 422, "invalid_fields", "chatId", "content", "role", "externalId", "senderId", "chatThreadId");
        foreach (var field in new[] { "content", "externalId", "role", "chatId", "senderId", "chatThreadId" })
        {
            await parley.Client.AssertNoTextAsync(HttpMethod.Post, Path, Body(chat, field, ChatCalls.Marker), field);
        }
    }

    [Fact]
    public async Task References_of_a_message_must_belong_to_its_chat_and_tenant()
    {
        var stranger = await parley.NewTenantClientAsync("Stranger");
        var theirs = await stranger.NewConversationAsync();
        var theirMessage = await stranger.PostTextAsync(theirs["id"]!, "theirs");
        var theirThread = await stranger.CallAsync(HttpMethod.Post, "v1/chat-threads", new { chatId = theirs["id"], chatMessageId = theirMessage["id"] });
        var theirSender = await stranger.NewSenderAsync(new { entity = "user", name = "Theirs" });
        var mine = await parley.NewTenantClientAsync("Mine");
        foreach (var chatId in new object[] { theirs["id"]!, theirs["number"]!, 999_999, long.MaxValue, ApiHelpers.UnknownUuid, theirMessage["id"]! })
        {
            await mine.RefusedAsync(HttpMethod.Post, Path, new { chatId, content = "x", role = "user" }, 404, "conversation_not_found");
        }

        var (chat, other) = (await mine.NewConversationAsync(), await mine.NewConversationAsync());
        var otherMessage = await mine.PostTextAsync(other["id"]!, "other");
        var otherThread = await mine.CallAsync(HttpMethod.Post, "v1/chat-threads", new { chatId = other["id"], chatMessageId = otherMessage["id"] });
        foreach (var (field, value) in new (string, object?)[]
        {
            ("chatThreadId", theirThread["id"]),
            ("chatThreadId", otherThread["id"]),
            ("senderId", theirSender["id"]),
            ("senderId", theirSender["number"]),
            ("senderId", chat["id"]),
        })
        {
            await mine.RefusedAsync(HttpMethod.Post, Path, Body(chat["id"]!, field, value), 422, "invalid_fields", field);
        }

        Assert.Empty((await mine.ArrayAsync($"{Path}?chatId={chat["id"]}")).Items);
    }

    [Fact]
    public async Task A_key_with_the_scope_is_required() => await parley.AssertGuardedAsync(
        (HttpMethod.Post, Path, new { chatId = 999 }, "messages:write"),
        (HttpMethod.Get, $"{Path}?chatId=999", null, "messages:read"));

    [Fact]
    public async Task An_external_id_with_the_same_body_returns_the_same_message()
    {
        var chat = await parley.Client.NewConversationAsync();
        var (one, two) = (await SendAsync("one"), await SendAsync("two"));
        var (oneAgain, twoAgain) = (await SendAsync("one"), await SendAsync("two"));
        var assistant = await SendAsync("one", "assistant");

        Assert.Equal((false, false, true, true, false), (one.Replayed, two.Replayed, oneAgain.Replayed, twoAgain.Replayed, assistant.Replayed));
        Assert.True(JsonNode.DeepEquals(one.Message, oneAgain.Message));
        Assert.True(JsonNode.DeepEquals(two.Message, twoAgain.Message));
        Assert.Equal(3, new[] { one, two, assistant }.Select(sent => ApiHelpers.Text(sent.Message["id"])).Distinct().Count());
        Assert.Equal(["one", "two", "one"], ChatCalls.Contents((await parley.Client.ArrayAsync($"{Path}?chatId={chat["id"]}")).Items));

        // The external id is unknown in another chat.
        var other = await parley.Client.CreateConversationAsync();
        var elsewhere = await parley.Client.CallAsync(HttpMethod.Post, Path, new { chatId = other, content = "one", role = "user", externalId = "same-id" });
        Assert.NotEqual(ApiHelpers.Text(one.Message["id"]), ApiHelpers.Text(elsewhere["id"]));

        async Task<(JsonNode Message, bool Replayed)> SendAsync(string content, string role = "user")
        {
            using var response = await parley.Client.SendJsonAsync(HttpMethod.Post, Path, new { chatId = chat["id"], content, role, externalId = "same-id" });
            return (await response.ReadAsync(), response.Headers.TryGetValues("Idempotent-Replayed", out var values) && values.Single() == "true");
        }
    }

    [Fact]
    public async Task An_external_id_sent_16_times_concurrently_creates_one_message()
    {
        var chat = await parley.Client.CreateConversationAsync();
        var body = new { chatId = chat, content = "once", role = "user", externalId = "at-once" };
        var responses = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => parley.Client.SendJsonAsync(HttpMethod.Post, Path, body)));
        var messages = await Task.WhenAll(responses.Select(response => response.ReadAsync()));

        Assert.All(messages, message => Assert.True(JsonNode.DeepEquals(messages[0], message)));
        Assert.Single(responses, response => !response.Headers.Contains("Idempotent-Replayed"));
        Assert.Single((await parley.Client.ArrayAsync($"{Path}?chatId={chat}")).Items);
    }

    [Fact]
    public async Task An_idempotency_key_creates_one_message()
    {
        var named = await parley.Client.NewConversationAsync();
        var (chat, other) = (named["number"]!.GetValue<int>(), await parley.Client.CreateConversationAsync());
        var key = ("Idempotency-Key", "chat message key");
        using var one = await parley.Client.SendJsonAsync(HttpMethod.Post, Path, new { chatId = chat, content = "x", role = "user" }, key);
        using var two = await parley.Client.SendJsonAsync(HttpMethod.Post, Path, new { chatId = chat, content = "x", role = "user" }, key);
        using var elsewhere = await parley.Client.SendJsonAsync(HttpMethod.Post, Path, new { chatId = other, content = "x", role = "user" }, key);
        var message = await one.ReadAsync();

        Assert.True(JsonNode.DeepEquals(message, await two.ReadAsync()));
        Assert.False(one.Headers.Contains("Idempotent-Replayed"));
        Assert.Equal(["true"], two.Headers.GetValues("Idempotent-Replayed"));
        Assert.False(elsewhere.Headers.Contains("Idempotent-Replayed"));
        foreach (var (field, value) in new[] { ("content", "y"), ("role", "assistant"), ("externalId", "abc"), ("chatId", ApiHelpers.Text(named["id"])) })
        {
            using var reused = await parley.Client.SendJsonAsync(HttpMethod.Post, Path, Body(chat, field, value, "x"), key);
            await reused.AssertProblemAsync(422, "idempotency_key_reused");
        }

        Assert.Single((await parley.Client.ArrayAsync($"{Path}?chatId={chat}")).Items);
        foreach (var bad in new[] { "", new string('x', 256) })
        {
            using var refused = await parley.Client.SendJsonAsync(HttpMethod.Post, Path, new { }, ("Idempotency-Key", bad));
            await refused.AssertProblemAsync(422, "invalid_fields", "chatId", "content", "role", "Idempotency-Key");
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_replay_returns_the_first_response_after_any_change_of_the_message(bool byExternalId)
    {
        var chat = await parley.Client.CreateConversationAsync();
        var sender = await parley.Client.NewSenderAsync(new { entity = "external_user", name = "Ana" });
        var first = await SendAsync();
        using (var edit = await parley.Client.SendJsonAsync(HttpMethod.Put, $"v1/conversations/{chat}/messages/{first["id"]}", new { message = "edited" }))
        {
            await edit.ReadAsync();
        }

        Assert.True(JsonNode.DeepEquals(first, await SendAsync()));
        Assert.Equal("edited", (await parley.Client.ArrayAsync($"{Path}?chatId={chat}")).Items.Single()!["content"]!.GetValue<string>());
        await parley.Client.CallAsync(HttpMethod.Delete, $"v1/conversations/{chat}/messages/{first["id"]}");
        Assert.True(JsonNode.DeepEquals(first, await SendAsync()));
        Assert.Equal("", (await parley.Client.ArrayAsync($"{Path}?chatId={chat}")).Items.Single()!["content"]!.GetValue<string>());

        async Task<JsonNode> SendAsync()
        {
            var body = new { chatId = chat, content = "first", role = "user", senderId = sender["id"], externalId = byExternalId ? "replayed" : null };
            using var response = await parley.Client.SendJsonAsync(HttpMethod.Post, Path, body, byExternalId ? [] : [("Idempotency-Key", "replayed")]);
            return await response.ReadAsync();
        }
    }

    private static Dictionary<string, object?> Body(object chat, string field, object? value, string content = "text") =>
        new() { ["chatId"] = chat, ["content"] = content, ["role"] = "user", [field] = value };
}

/// <summary>Requests and checks for tests of messages, chats and tickets.</summary>
internal static class ChatCalls
{
    /// <summary>The placeholder in a body that is replaced by an invalid text.</summary>
    public const string Marker = "MARKER";

    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    private const string LinkEnd = ">; rel=\"next\"";

    /// <summary>Posts a message in a chat.</summary>
    public static Task<JsonNode> PostTextAsync(this HttpClient client, object chatId, string content, string role = "user") =>
        client.CallAsync(HttpMethod.Post, "v1/chat-messages", new { chatId, content, role });

    /// <summary>Reads a list: its array, the URL of its next page, and X-Total-Count.</summary>
    public static async Task<(JsonArray Items, string? Next, int? Total)> ArrayAsync(this HttpClient client, string url)
    {
        using var response = await client.GetAsync(url);
        var items = (await response.ReadAsync()).AsArray();
        string? next = null;
        if (response.Headers.TryGetValues("Link", out var links))
        {
            var link = links.Single();
            Assert.StartsWith("<" + client.BaseAddress, link, StringComparison.Ordinal);
            Assert.EndsWith(LinkEnd, link, StringComparison.Ordinal);
            next = link[1..^LinkEnd.Length];
        }

        return (items, next, response.Headers.TryGetValues("X-Total-Count", out var total) ? int.Parse(total.Single(), CultureInfo.InvariantCulture) : null);
    }

    /// <summary>Reads all pages of such a list by following the links.</summary>
    public static async Task<List<JsonArray>> WalkAsync(this HttpClient client, string url)
    {
        var pages = new List<JsonArray>();
        string? next = url;
        while (next is { } at)
        {
            (var items, next, _) = await client.ArrayAsync(at);
            pages.Add(items);
        }

        return pages;
    }

    /// <summary>The contents of messages.</summary>
    public static List<string> Contents(IEnumerable<JsonNode?> messages) => [.. messages.Select(message => message!["content"]!.GetValue<string>())];

    /// <summary>Sends the body with invalid texts in the marker's place: NUL, and unpaired surrogates.</summary>
    public static async Task AssertNoTextAsync(this HttpClient client, HttpMethod method, string path, object body, params string[] fields)
    {
        foreach (var bad in new[] { "a\\u0000", "a\\ud800", "\\udc00\\ud800a" })
        {
            var json = JsonSerializer.Serialize(body).Replace(Marker, bad, StringComparison.Ordinal);
            using var request = new HttpRequestMessage(method, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
            using var response = await client.SendAsync(request);
            await response.AssertProblemAsync(422, "invalid_fields", fields);
        }
    }

    /// <summary>Checks that each call requires a key, and a key with this scope of the resource's two.</summary>
    public static async Task AssertGuardedAsync(this ParleyFixture parley, params (HttpMethod Method, string Path, object? Body, string Scope)[] calls)
    {
        var resource = calls[0].Scope.Split(':')[0];
        var (reader, writer) = (await parley.NewClientWithScopeAsync($"{resource}:read"), await parley.NewClientWithScopeAsync($"{resource}:write"));
        var unauthenticated = parley.NewClient(token: null);
        foreach (var (method, path, body, scope) in calls)
        {
            await unauthenticated.RefusedAsync(method, path, body, 401, "unauthenticated");
            var reads = scope == $"{resource}:read";
            await (reads ? writer : reader).RefusedAsync(method, path, body, 403, "scope_missing");
            using var passed = await (reads ? reader : writer).SendJsonAsync(method, path, body);
            Assert.DoesNotContain(passed.StatusCode, new[] { HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden });
        }
    }

    /// <summary>
    /// Checks that a page's URL is refused with any character of its cursor changed, with a shorter or longer cursor,
    /// and in another spelling.
    /// </summary>
    public static async Task AssertAlteredCursorsAsync(this HttpClient client, string url)
    {
        var start = url.IndexOf("cursor=", StringComparison.Ordinal) + "cursor=".Length;
        var altered = Enumerable.Range(start, url.Length - start).Select(at => $"{url[..at]}{(url[at] == 'A' ? 'B' : 'A')}{url[(at + 1)..]}");

        // The last character has bits that represent no data.
        var last = Alphabet.IndexOf(url[^1], StringComparison.Ordinal);
        var spelled = new[] { 1, 2, 3 }.Select(bits => url[..^1] + Alphabet[last ^ bits]);
        foreach (var one in (string[])
        [
            .. altered, .. spelled, url[..^1], url[..^4], url + "AAAA", url + "=", url + "%20", url[..^2] + "%0A" + url[^2..],
            url[..start] + "x", url[..start] + "%20", url[..start] + "-1", url[..start] + new string('A', 5000),
        ])
        {
            await client.RefusedAsync(HttpMethod.Get, one, null, 400, "invalid_cursor");
        }
    }

    /// <summary>A page's URL with the cursor of another page.</summary>
    public static string WithCursorOf(this string url, string other) => $"{url}&cursor={other[(other.IndexOf("cursor=", StringComparison.Ordinal) + 7)..]}";
}
