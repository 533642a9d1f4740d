using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Parley.EndToEnd.Tests.MaiAgent;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Dialects;

/// <summary>What MaiAgent's own clients may send, and the answers to what they may not.</summary>
public class MaiAgentRequestTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    [Fact]
    public async Task An_outgoing_message_is_the_assistants()
    {
        var tenant = await parley.NewMaiAgentAsync("Outgoing");
        var (_, conversation) = await tenant.NewWebChatAsync();
        foreach (var (path, number) in new[] { ("messages/outgoing/", 1), ("v1/messages/outgoing", 2), ("messages/", 3), ("v1/messages", 4) })
        {
            using var response = await tenant.Client.SendJsonAsync(
                HttpMethod.Post, path, new { conversation = conversation["id"], content = $"out {number}", type = "outgoing" });
            var message = await response.ReadAsync(HttpStatusCode.Created);
            Assert.Equal(("outgoing", $"out {number}"), (Text(message["type"]), Text(message["content"])));
            var root = path.StartsWith("v1/", StringComparison.Ordinal) ? "v1/" : "";
            Assert.Equal($"{parley.Api}{root}messages/{message["id"]}", response.Headers.Location!.ToString());
        }

        // It neither ends follow-ups nor asks for a reply.
        var followUp = await tenant.Parley.CallAsync(
            HttpMethod.Post,
            "v1/chat-message-follow-ups",
            new { chatId = conversation["number"], message = "Still there?", dueDate = TimeProvider.System.GetUtcNow().AddDays(7) },
            HttpStatusCode.Created);
        await MaiAgentFormTests.PostAsync(tenant, conversation, new { content = "out 5", type = "outgoing" });
        Assert.Equal("pending", Text((await tenant.Parley.CallAsync(HttpMethod.Get, $"v1/chat-message-follow-ups/{followUp["id"]}"))["status"]));
        await MaiAgentFormTests.PostAsync(tenant, conversation, new { content = "/words 1 /pace 0", type = "incoming" });
        var all = await CompletionCalls.UntilAsync(() => MaiAgentFormTests.ListAsync(tenant, conversation), messages => messages.Count >= 7);
        Assert.Equal(["out 1", "out 2", "out 3", "out 4", "out 5", "/words 1 /pace 0", "word1"], all.Select(message => Text(message["content"])));
        Assert.Equal("cancelled", Text((await tenant.Parley.CallAsync(HttpMethod.Get, $"v1/chat-message-follow-ups/{followUp["id"]}"))["status"]));
        Assert.Equal(1, (await tenant.Parley.CallAsync(HttpMethod.Get, $"v1/conversations/{conversation["id"]}"))["unreadMessagesCount"]!.GetValue<int>());
        var parleys = await tenant.Parley.CallAsync(
            HttpMethod.Post, "v1/messages/outgoing", new { conversation = conversation["id"], content = "Parley's" }, HttpStatusCode.Created);
        Assert.Equal("outgoing", Text(parleys["type"]));
        Assert.Null(parleys["sender"]);
    }

    [Fact]
    public async Task Web_chats()
    {
        var tenant = await parley.NewMaiAgentAsync("Web chats");
        var other = await parley.NewMaiAgentAsync("Another's web chat");
        var (chatbot, _) = await tenant.NewWebChatAsync();
        var (foreign, _) = await other.NewWebChatAsync();

        // An inbox without a chatbot: a web chat that no chatbot has, and another tenant's.
        foreach (var webChat in new[] { ApiHelpers.UnknownUuid, foreign })
        {
            var conversation = await tenant.Client.CallAsync(HttpMethod.Post, "conversations/", new { webChat }, HttpStatusCode.Created);
            Assert.Equal(webChat, Text(conversation["inbox"]!["id"]));
            Assert.Null(conversation["chatbot"]);
        }

        // A key of Parley's dialect gets no chatbot.
        Assert.Null((await tenant.Parley.NewConversationAsync(new { webChat = chatbot }))["chatbot"]);
        var own = await tenant.Client.CallAsync(HttpMethod.Get, $"conversations/?inbox={chatbot}");
        Assert.Equal([null, chatbot], own["results"]!.AsArray().Select(one => Text(one!["chatbot"])).Order(StringComparer.Ordinal));
        await tenant.Parley.CallAsync(HttpMethod.Delete, $"v1/chatbots/{chatbot}");
        var problem = await RefusedAsync(tenant, HttpMethod.Post, "conversations/", new { webChat = chatbot }, 400);
        Assert.Equal("""{"webChat":["There is no such web chat."]}""", problem.ToJsonString());
    }

    [Fact]
    public async Task A_chatbot_lists_the_web_chats_that_clients_know()
    {
        var tenant = await parley.NewMaiAgentAsync("Listed web chats");
        var (one, two) = ("0b1f2a36-9d0a-4f5e-8a55-2f6f0a1b2c01", "0b1f2a36-9d0a-1f5e-8a55-2f6f0a1b2c02");
        var first = await tenant.Client.CallAsync(HttpMethod.Post, "chatbots/", new { name = "First", webChats = new[] { one, two, one } }, HttpStatusCode.Created);
        var second = await tenant.Client.CallAsync(HttpMethod.Post, "chatbots/", new { name = "Second" }, HttpStatusCode.Created);
        Assert.Equal([one, two], first["webChats"]!.AsArray().Select(Text));
        Assert.Equal(Text(first["id"]), await ChatbotOfAsync(one));
        var conversation = await tenant.Client.CallAsync(HttpMethod.Post, "conversations/", new { webChat = one }, HttpStatusCode.Created);
        Assert.Equal(one, Text(conversation["inbox"]!["id"]));
        await MaiAgentFormTests.PostAsync(tenant, conversation, new { content = "/words 1 /pace 0" });
        await CompletionCalls.UntilAsync(() => MaiAgentFormTests.ListAsync(tenant, conversation), all => all.Count == 2);

        // A web chat belongs to one chatbot, until that one lists it no more, or is deleted.
        foreach (var (webChats, text) in new (object, string)[]
        {
            (new[] { two }, $"{two} belongs to another chatbot."), (new[] { Text(first["id"]) }, $"{first["id"]} is the id of a chatbot."),
            (new[] { "x" }, "Must be a list of UUIDs."), ("x", "Must be a list of texts."), (Enumerable.Repeat(one, 21), "Must have at most 20 entries."),
        })
        {
            var problem = await RefusedAsync(tenant, HttpMethod.Patch, $"chatbots/{second["id"]}", new { webChats }, 400);
            Assert.Equal(new JsonObject { ["webChats"] = new JsonArray(text) }.ToJsonString(), problem.ToJsonString());
        }

        await tenant.Client.CallAsync(HttpMethod.Patch, $"chatbots/{first["id"]}", new { webChats = new[] { one } });
        Assert.Null(await ChatbotOfAsync(two));
        await tenant.Client.CallAsync(HttpMethod.Patch, $"chatbots/{second["id"]}", new { webChats = new[] { two } });
        Assert.Equal(Text(second["id"]), await ChatbotOfAsync(two));
        using var deleted = await tenant.Client.DeleteAsync(new Uri($"chatbots/{first["id"]}", UriKind.Relative));
        await RefusedAsync(tenant, HttpMethod.Post, "conversations/", new { webChat = one }, 400);
        var both = await tenant.Client.CallAsync(HttpMethod.Patch, $"chatbots/{second["id"]}", new { name = "Both", webChats = new[] { two, one } });
        Assert.Equal([two, one], both["webChats"]!.AsArray().Select(Text));
        Assert.Equal(Text(second["id"]), await ChatbotOfAsync(one));
        var none = await tenant.Client.CallAsync(HttpMethod.Patch, $"chatbots/{second["id"]}", new { webChats = (object?)null });
        Assert.Empty(none["webChats"]!.AsArray());
        Assert.Null(await ChatbotOfAsync(one));

        async Task<string?> ChatbotOfAsync(string webChat) =>
            Text((await tenant.Client.CallAsync(HttpMethod.Post, "conversations/", new { webChat }, HttpStatusCode.Created))["chatbot"]);
    }

    [Fact]
    public async Task Attachments_may_be_bare()
    {
        var tenant = await parley.NewMaiAgentAsync("Attachments");
        var (_, conversation) = await tenant.NewWebChatAsync();
        var number = conversation["number"]!.GetValue<int>();
        var png = new byte[] { 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a };
        using var uploaded = await tenant.Parley.UploadAsync(number, png, "box.png");
        var file = (await MaiAgentFormTests.ListAsync(tenant, conversation))[0];
        var id = Text(file["id"])!;

        var untyped = await MaiAgentFormTests.PostAsync(tenant, conversation, new { content = "", attachments = new object[] { new { filename = "a.txt", file = "https://parley.test/a.txt" } } });
        Assert.Equal("", Text(untyped["content"]));
        Assert.Equal("""[{"id":null,"type":"other","filename":"a.txt","file":"https://parley.test/a.txt"}]""", untyped["attachments"]!.ToJsonString());
        foreach (var type in new[] { "document", "file", "text", "other" })
        {
            var other = await MaiAgentFormTests.PostAsync(tenant, conversation, new { attachments = new object[] { new { type, filename = "a.txt", file = "https://parley.test/a.txt" } } });
            Assert.Equal("other", Text(other["attachments"]![0]!["type"]));
        }

        foreach (var attachment in new object[] { id, new { id }, new { id, type = "image", filename = "box.png", file = "https://parley.test/box.png" } })
        {
            var message = await MaiAgentFormTests.PostAsync(tenant, conversation, new { content = "", attachments = new[] { attachment } });
            var stored = message["attachments"]![0]!;
            Assert.Equal((id, "image", "box.png"), (Text(stored["id"]), Text(stored["type"]), Text(stored["filename"])));
            Assert.Equal(png, await tenant.Parley.GetByteArrayAsync(new Uri(Text(stored["file"])!)));
        }

        var problem = await RefusedAsync(tenant, HttpMethod.Post, "messages/", new { conversation = conversation["id"], content = "x", attachments = new object[] { id, ApiHelpers.UnknownUuid, new { type = "table", file = "no link" }, 5 } }, 400);
        Assert.Equal("""{"attachments":["Must be a list of objects."]}""", problem.ToJsonString());
        problem = await RefusedAsync(tenant, HttpMethod.Post, "messages/", new { conversation = conversation["id"], content = "x", attachments = new object[] { id, ApiHelpers.UnknownUuid } }, 400);
        Assert.Equal("""{"attachments":[{},{"file":["No such message or thread in this conversation."]}]}""", problem.ToJsonString());
        await RefusedAsync(tenant, HttpMethod.Post, "messages/", new { conversation = conversation["id"], content = "" }, 400);
        await RefusedAsync(tenant, HttpMethod.Post, "messages/", new { conversation = conversation["id"], content = "", attachments = Array.Empty<object>() }, 400);
    }

    [Fact]
    public async Task Absent_bodies_words_for_booleans_and_page_sizes()
    {
        var tenant = await parley.NewMaiAgentAsync("Lenient");
        var conversation = await tenant.Client.CallAsync(HttpMethod.Post, "conversations/", body: null, HttpStatusCode.Created);
        await tenant.Client.CallAsync(HttpMethod.Post, $"v1/conversations/{conversation["id"]}/read");
        foreach (var (word, value) in new (object, bool)[] { ("true", true), ("off", false), ("Y", true), (0, false), (1, true), ("0", false), (true, true), (false, false) })
        {
            var changed = await tenant.Client.CallAsync(HttpMethod.Patch, $"conversations/{conversation["id"]}", new { autoReplyEnabled = word });
            Assert.Equal(value, changed["autoReplyEnabled"]!.GetValue<bool>());
        }

        var problem = await RefusedAsync(tenant, HttpMethod.Patch, $"conversations/{conversation["id"]}", new { autoReplyEnabled = "perhaps" }, 400);
        Assert.Equal("""{"autoReplyEnabled":["Must be true or false."]}""", problem.ToJsonString());
        for (var i = 0; i < 25; i++)
        {
            await MaiAgentFormTests.PostAsync(tenant, conversation, new { content = $"{i}" });
        }

        foreach (var (size, shown) in new[] { ("101", 25), ("1000", 25), ("99999999999999999999999999999999999999999", 25), ("0", 20), ("abc", 20), ("-1", 20), ("", 20), ("7", 7) })
        {
            var page = await tenant.Client.CallAsync(HttpMethod.Get, $"messages/?conversation={conversation["id"]}&pageSize={size}");
            Assert.Equal((25, shown), (page["count"]!.GetValue<int>(), page["results"]!.AsArray().Count));
        }

        await tenant.Client.CallAsync(HttpMethod.Get, "conversations/?limit=1&pageSize=1000");
    }

    [Fact]
    public async Task Pages_and_cursors_that_do_not_exist()
    {
        var tenant = await parley.NewMaiAgentAsync("No page");
        var chatbot = Text((await tenant.Parley.NewChatbotAsync())["id"]);
        var records = $"chatbots/{chatbot}/records/";
        Assert.Empty((await tenant.Client.CallAsync(HttpMethod.Get, records))["results"]!.AsArray());
        foreach (var path in new[]
        {
            $"{records}?page=2", $"{records}?page=0", $"{records}?page=abc", $"{records}?page=101&pageSize=100", "chatbots/?page=2",
        })
        {
            var problem = await RefusedAsync(tenant, HttpMethod.Get, path, null, 404);
            Assert.Equal(("Invalid page.", "invalid_page", 404), (Text(problem["detail"]), Text(problem["error"]), problem["status"]!.GetValue<int>()));
        }

        var conversation = await tenant.Client.CallAsync(HttpMethod.Post, "conversations/", body: null, HttpStatusCode.Created);
        foreach (var path in new[] { "conversations/?cursor=x", "messages/?cursor=x", $"messages/?conversation={conversation["id"]}&cursor=x", $"messages/?conversation={ApiHelpers.UnknownUuid}&cursor=x" })
        {
            var problem = await RefusedAsync(tenant, HttpMethod.Get, path, null, 404);
            Assert.Equal(("invalid_cursor", 404), (Text(problem["error"]), problem["status"]!.GetValue<int>()));
        }
    }

    [Fact]
    public async Task Errors_have_the_form_of_Django()
    {
        var tenant = await parley.NewMaiAgentAsync("Errors");
        var chatbot = Text((await tenant.Parley.NewChatbotAsync())["id"]);
        var missing = await RefusedAsync(tenant, HttpMethod.Post, "messages/", new { content = 1 }, 400);
        Assert.Equal("""{"content":["Must be a text."],"conversation":["Is required."]}""", missing.ToJsonString());
        var nested = await RefusedAsync(tenant, HttpMethod.Post, $"chatbots/{chatbot}/completions/", new
        {
            isStreaming = "perhaps",
            message = new { attachments = new object[] { new { filename = "a", file = "https://parley.test/" }, new { type = "table", filename = "", file = "no link" } } },
        }, 400);
        Assert.Equal(["isStreaming", "message"], nested.AsObject().Select(member => member.Key).Order(StringComparer.Ordinal));
        var attachments = nested["message"]!["attachments"]!.AsArray();
        Assert.Equal("{}", attachments[0]!.ToJsonString());
        Assert.Equal(["file", "filename", "type"], attachments[1]!.AsObject().Select(member => member.Key).Order(StringComparer.Ordinal));
        Assert.All(attachments[1]!.AsObject(), member => Assert.IsType<JsonArray>(member.Value));
        var absent = await RefusedAsync(tenant, HttpMethod.Post, $"chatbots/{chatbot}/completions/", new { }, 400);
        Assert.Equal("""{"message":["Is required."]}""", absent.ToJsonString());
        var list = await RefusedAsync(tenant, HttpMethod.Get, "conversations/?inbox=x", null, 400);
        Assert.Equal("""{"inbox":["Must be a UUID."]}""", list.ToJsonString());

        var unknown = await RefusedAsync(tenant, HttpMethod.Get, $"conversations/{ApiHelpers.UnknownUuid}", null, 404);
        Assert.Equal("There is no such conversation.", Text(unknown["detail"]));
        using var malformed = await tenant.Client.PostAsync(new Uri("messages/", UriKind.Relative), new StringContent("{", Encoding.UTF8, "application/json"));
        Assert.Equal((HttpStatusCode.BadRequest, "application/json"), (malformed.StatusCode, malformed.Content.Headers.ContentType!.ToString()));
        Assert.StartsWith("The body is not readable JSON", Text((await malformed.ReadAsync(HttpStatusCode.BadRequest))["detail"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_frame_is_its_data_and_a_stream_can_be_resumed()
    {
        var tenant = await parley.NewMaiAgentAsync("Frames");
        var chatbot = Text((await tenant.Parley.NewChatbotAsync())["id"]);
        using var response = await tenant.Client.SendJsonAsync(HttpMethod.Post, $"chatbots/{chatbot}/completions/", new { isStreaming = "true", message = new { content = "/words 3 /pace 100" } });
        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.ToString());
        var blocks = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Where(block => block[0] != ':').ToList();
        Assert.All(blocks, block => Assert.DoesNotContain('\n', block));
        Assert.All(blocks.Index(), block => Assert.StartsWith(block.Index % 2 == 0 ? "data: {" : $"id: {block.Index / 2 + 1}", block.Item, StringComparison.Ordinal));
        var frames = blocks.Where(block => block[0] == 'd').Select(block => JsonNode.Parse(block["data: ".Length..])!).ToList();
        Assert.Equal(["conversationId", "conversation_id", "completionId", "content", "done"], frames[0].AsObject().Select(member => member.Key));
        Assert.Equal("word1 word2 word3", string.Concat(frames.Select(frame => Text(frame["content"]))));
        Assert.Equal([.. Enumerable.Repeat(false, frames.Count - 1), true], frames.Select(frame => frame["done"]!.GetValue<bool>()));

        using var resumed = await tenant.Client.SendJsonAsync(HttpMethod.Get, $"v1/completions/{frames[0]["completionId"]}/events", null, ("Last-Event-ID", "1"));
        var rest = (await resumed.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Where(block => block[0] != ':');
        Assert.Equal(blocks.Skip(2), rest);
    }

    [Fact]
    public async Task The_newest_messages_of_all_conversations()
    {
        var tenant = await parley.NewMaiAgentAsync("Newest");
        var conversations = new List<JsonNode>();
        for (var i = 0; i < 4; i++)
        {
            conversations.Add(await tenant.Client.CallAsync(HttpMethod.Post, "conversations/", body: null, HttpStatusCode.Created));
        }

        // The last conversation stays empty.
        var sent = new List<string?>();
        for (var i = 0; i < 30; i++)
        {
            sent.Insert(0, Text((await MaiAgentFormTests.PostAsync(tenant, conversations[i < 15 ? 0 : i % 3], new { content = $"{i}" }))["id"]));
        }

        var (found, next) = (new List<string?>(), "messages/?pageSize=7");
        while (next is not null)
        {
            var page = await tenant.Client.CallAsync(HttpMethod.Get, next);
            Assert.Equal(["count", "next", "previous", "results"], page.AsObject().Select(member => member.Key));
            Assert.Equal(30, page["count"]!.GetValue<int>());
            Assert.Null(page["previous"]);
            found.AddRange(page["results"]!.AsArray().Select(message => Text(message!["id"])));
            next = Text(page["next"]);
        }

        Assert.Equal(30, found.Count);
        Assert.Equal(sent.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
        var times = (await tenant.Client.CallAsync(HttpMethod.Get, "v1/messages/?pageSize=100"))["results"]!.AsArray().Select(message => Text(message!["createdAt"])).ToList();
        Assert.Equal(times.OrderDescending(StringComparer.Ordinal), times);
        await tenant.Parley.RefusedAsync(HttpMethod.Get, "v1/messages", null, 422, "invalid_fields", "conversation");
    }

    private static Task<JsonNode> RefusedAsync(MaiAgentTenant tenant, HttpMethod method, string path, object? body, int status) =>
        MaiAgentFormTests.RefusedAsync(tenant, method, path, body, status);

    private static string? Text(JsonNode? node) => ApiHelpers.Text(node);
}
