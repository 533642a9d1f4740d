using System.Net;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.MaiAgent;

/// <summary>
/// Tests of /chatbots/{id}/completions and /completions without streams, and of replies to POST /messages.
/// </summary>
public partial class CompletionTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private HttpClient Client => parley.Client;

    [Fact]
    public async Task The_response_is_complete_and_everything_is_stored()
    {
        var chatbot = await Client.NewChatbotAsync(new { name = "Ada", instructions = "Be brief." });
        using var response = await Client.SendJsonAsync(
            HttpMethod.Post, $"v1/chatbots/{chatbot["number"]}/completions/", new { conversation = "", message = new { content = "Hello 😀", attachments = Array.Empty<object>() }, is_streaming = false });
        var answer = await response.ReadAsync();

        Assert.Equal(["conversationId", "completionId", "content", "done", "error"], answer.AsObject().Select(member => member.Key));
        Assert.Equal(
            "This is Parley's scripted assistant, not a language model. You wrote: “Hello 😀” I was given 0 earlier messages and 9 characters of instructions.",
            answer["content"]!.GetValue<string>());
        Assert.True(answer["done"]!.GetValue<bool>());
        Assert.Null(answer["error"]);
        Assert.Equal($"{parley.Api}v1/completions/{answer["completionId"]}", response.Headers.Location!.ToString());
        Assert.False(response.Headers.Contains("Idempotent-Replayed"));
        Assert.Equal(answer.ToJsonString(), (await Client.CallAsync(HttpMethod.Get, $"v1/completions/{answer["completionId"]}")).ToJsonString());
        var messages = await Client.MessagesAsync(answer["conversationId"]);
        Assert.Equal(["Hello 😀", answer["content"]!.GetValue<string>()], messages.Select(message => message["content"]!.GetValue<string>()));
        Assert.Equal(["incoming", "outgoing"], messages.Select(message => message["type"]!.GetValue<string>()));
        Assert.Equal($"{chatbot["id"]}", messages[1]["sender"]!["id"]!.GetValue<string>());
        Assert.Equal("Ada", messages[1]["sender"]!["name"]!.GetValue<string>());
        Assert.Null(messages[1]["contentPayload"]);
        var conversation = await Client.CallAsync(HttpMethod.Get, $"v1/conversations/{answer["conversationId"]}");
        Assert.Equal($"{chatbot["id"]}", conversation["chatbot"]!.GetValue<string>());
        var flextells = (await Client.ListAsync(conversation["number"]!.GetValue<int>()))["data"]![0]!;
        Assert.Equal((false, "Ada"), (flextells["is_customer"]!.GetValue<bool>(), flextells["user_name"]!.GetValue<string>()));
        var zaias = (await Client.CallAsync(HttpMethod.Get, $"v1/chat-messages?chatId={answer["conversationId"]}&joins=senders")).AsArray();
        Assert.Equal(["user", "assistant"], zaias.Select(message => message!["role"]!.GetValue<string>()));
    }

    [Fact]
    public async Task The_provider_receives_the_conversation_the_payloads_and_the_text_of_files()
    {
        var chatbot = await Client.NewChatbotAsync();
        var conversation = await Client.NewConversationAsync();
        await Client.CompleteAsync(chatbot, "one", conversation["id"]);
        using var file = new MultipartFormDataContent { { new ByteArrayContent("olá, text"u8.ToArray()), "file", "note.txt" } };
        using var uploaded = await Client.PostAsync($"v1/conversations/{conversation["number"]}/messages/media", file);
        var brought = (await uploaded.ReadAsync())["data"]!["message_id"]!.GetValue<string>();
        var answer = await Client.CallAsync(HttpMethod.Post, $"v1/chatbots/{chatbot["id"]}/completions", new
        {
            conversation = conversation["number"],
            message = new
            {
                content = "Hi",
                contentPayload = new { a = 1 },
                queryMetadata = new { b = 2 },
                attachments = new object[]
                {
                    new { id = long.Parse(brought, System.Globalization.CultureInfo.InvariantCulture), type = "other", filename = "n" },
                    new { type = "image", filename = "i.png", file = "https://x.test/i" },
                },
            },
        });

        // The scripted assistant repeats the beginning of its input. The file's own message has no text, so it is not
        // part of it.
        Assert.Contains(
            """“Hi contentPayload: {"a":1} queryMetadata: {"b":2} Attachment note.txt: olá, text Attachment i.p""", answer["content"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("given 2 earlier messages and 0 characters", answer["content"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rate_limited", 429)]
    [InlineData("refused", 422)]
    [InlineData("unavailable", 502)]
    [InlineData("bad_request", 502)]
    [InlineData("timeout", 504)]
    public async Task A_failure_has_a_status_and_keeps_the_text_so_far(string error, int status)
    {
        var chatbot = await Client.NewChatbotAsync(new { name = "Bot", provider = "impatient" });
        var conversation = await Client.NewConversationAsync();
        using var response = await Client.SendJsonAsync(
            HttpMethod.Post, $"v1/chatbots/{chatbot["id"]}/completions", new { conversation = conversation["id"], message = new { content = $"/pace 0 /fail {error} after 3" } });
        var problem = await response.AssertProblemAsync(status, error);

        Assert.Equal(error == "rate_limited" ? TimeSpan.FromSeconds(5) : null, response.Headers.RetryAfter?.Delta);
        var completion = await Client.CallAsync(HttpMethod.Get, $"v1/completions/{Uuids().Match(problem["detail"]!.GetValue<string>()).Value}");
        Assert.Equal("word1 word2 word3", completion["content"]!.GetValue<string>().TrimEnd());
        Assert.Equal(error, completion["error"]!["code"]!.GetValue<string>());
        Assert.NotEmpty(completion["error"]!["message"]!.GetValue<string>());
        var reply = (await Client.MessagesAsync(conversation["id"]))[1];
        Assert.Equal(completion["content"]!.GetValue<string>(), reply["content"]!.GetValue<string>());
        Assert.Equal($$"""{"partial":true,"error":"{{error}}"}""", reply["contentPayload"]!.ToJsonString());
        Assert.Equal($$"""{"partial":true,"error":"{{error}}"}""", (await Client.MessageAsync(conversation["number"]!.GetValue<int>()))["metadata"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_failure_before_the_first_word_stores_no_reply()
    {
        var chatbot = await Client.NewChatbotAsync();
        var conversation = await Client.NewConversationAsync();
        await Client.RefusedAsync(
            HttpMethod.Post, $"v1/chatbots/{chatbot["id"]}/completions", new { conversation = conversation["id"], message = new { content = "/fail unavailable" } }, 502, "unavailable");
        Assert.Single(await Client.MessagesAsync(conversation["id"]));
    }

    [Fact]
    public async Task One_key_creates_one_completion()
    {
        var chatbot = await Client.NewChatbotAsync();
        var path = $"v1/chatbots/{chatbot["id"]}/completions";
        var key = ("Idempotency-Key", $"{Guid.Parse($"{chatbot["id"]}")}");
        var body = new { message = new { content = "/words 20" } };
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            using var response = await Client.SendJsonAsync(HttpMethod.Post, path, body, key);
            return (Answer: (await response.ReadAsync()).ToJsonString(), Replayed: response.Headers.Contains("Idempotent-Replayed"));
        }));
        using var later = await Client.SendJsonAsync(HttpMethod.Post, path, body, key);

        Assert.Single(answers, answer => !answer.Replayed);
        Assert.Single(answers.Select(answer => answer.Answer).Append((await later.ReadAsync()).ToJsonString()).Distinct());
        Assert.Equal("true", later.Headers.GetValues("Idempotent-Replayed").Single());
        Assert.Equal(2, (await Client.MessagesAsync(JsonNode.Parse(answers[0].Answer)!["conversationId"])).Count);
        using var other = await Client.SendJsonAsync(HttpMethod.Post, path, new { message = new { content = "/words 21" } }, key);
        await other.AssertProblemAsync(422, "idempotency_key_reused");

    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_completion_under_a_key_is_returned_although_its_chatbot_is_no_longer_available(bool inConversation)
    {
        var chatbot = await Client.NewChatbotAsync();
        var path = $"v1/chatbots/{chatbot["id"]}/completions";
        var body = new { conversation = inConversation ? (await Client.NewConversationAsync())["id"] : null, message = new { content = "/words 2 /pace 0" } };
        var first = await AnswerAsync();

        // The repeated request creates no other record.
        Assert.Equal(first, await AnswerAsync());
        Assert.Equal(1, (await Client.CallAsync(HttpMethod.Get, $"v1/chatbots/{chatbot["id"]}/records"))["count"]!.GetValue<int>());

        await Client.CallAsync(HttpMethod.Patch, $"v1/chatbots/{chatbot["id"]}", new { enabled = false });
        Assert.Equal(first, await AnswerAsync());
        await Client.RefusedAsync(HttpMethod.Post, path, body, 409, "chatbot_disabled");
        await Client.CallAsync(HttpMethod.Delete, $"v1/chatbots/{chatbot["id"]}");
        Assert.Equal(first, await AnswerAsync());
        await Client.RefusedAsync(HttpMethod.Post, path, body, 404, "chatbot_not_found");

        async Task<string> AnswerAsync()
        {
            using var response = await Client.SendJsonAsync(HttpMethod.Post, path, body, ("Idempotency-Key", $"{chatbot["number"]}"));
            return (await response.ReadAsync()).ToJsonString();
        }
    }

    [Fact]
    public async Task Payloads_are_returned_as_sent()
    {
        var chatbot = await Client.NewChatbotAsync();
        var payload = new JsonObject { ["smile 🙂"] = "🙂🙂", ["path"] = @"C:\ud83d\ude42" };
        var answer = await Client.CallAsync(
            HttpMethod.Post, $"v1/chatbots/{chatbot["id"]}/completions", new { message = new { content = "Hello", contentPayload = payload, queryMetadata = new { e = string.Concat(Enumerable.Repeat("🙂", 16_000)) } } });

        var message = (await Client.MessagesAsync(answer["conversationId"]))[0];
        Assert.True(JsonNode.DeepEquals(payload, message["contentPayload"]));
        var record = (await Client.CallAsync(HttpMethod.Get, $"v1/chatbots/{chatbot["id"]}/records"))["results"]![0]!;
        Assert.StartsWith("""contentPayload: {"smile 🙂":"🙂🙂","path":"C:\\ud83d\\ude42"}""" + "\nqueryMetadata: {\"e\":\"🙂🙂", record["context"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_is_returned_again_under_its_key()
    {
        var chatbot = await Client.NewChatbotAsync();
        var conversation = await Client.NewConversationAsync();
        var body = new { conversation = conversation["id"], message = new { content = "/pace 0 /fail refused after 2" } };
        for (var i = 0; i < 2; i++)
        {
            using var response = await Client.SendJsonAsync(HttpMethod.Post, $"v1/chatbots/{chatbot["id"]}/completions", body, ("Idempotency-Key", "refused"));
            await response.AssertProblemAsync(422, "refused");
            Assert.Equal(i > 0, response.Headers.Contains("Idempotent-Replayed"));
            Assert.Equal("refused", (await Client.CallAsync(HttpMethod.Get, $"{response.Headers.Location}"))["error"]!["code"]!.GetValue<string>());
        }

        Assert.Equal(2, (await Client.MessagesAsync(conversation["id"])).Count);
    }

    [Fact]
    public async Task Every_invalid_field_is_named()
    {
        var chatbot = await Client.NewChatbotAsync();
        var path = $"v1/chatbots/{chatbot["id"]}/completions";
        await Client.RefusedAsync(HttpMethod.Post, path, new { }, 422, "invalid_fields", "message", "message.content");
        await Client.RefusedAsync(HttpMethod.Post, path, new { message = "Hello" }, 422, "invalid_fields", "message", "message.content");
        await Client.RefusedAsync(
            HttpMethod.Post,
            path,
            new
            {
                conversation = "x",
                isStreaming = "yes",
                message = new { content = "", contentPayload = 1, queryMetadata = "x", sender = "y", attachments = new object[] { new { type = "odd", file = "ftp://x" } } },
            },
            422,
            "invalid_fields",
            "conversation",
            "isStreaming",
            "message.content",
            "message.contentPayload",
            "message.queryMetadata",
            "message.sender",
            "message.attachments.0.type",
            "message.attachments.0.filename",
            "message.attachments.0.file");
        await Client.RefusedAsync(HttpMethod.Post, path, new { message = new { content = "a", sender = ApiHelpers.UnknownUuid } }, 422, "invalid_fields", "message.sender");
        await Client.RefusedAsync(
            HttpMethod.Post, path, new { message = new { content = "a", attachments = new[] { new { id = "1", type = "image", filename = "i" } } } }, 422, "invalid_fields", "message.attachments.0.file");
        var conversation = await Client.NewConversationAsync();
        await Client.RefusedAsync(
            HttpMethod.Post,
            path,
            new { conversation = conversation["id"], message = new { content = "a", attachments = new[] { new { id = "1", type = "image", filename = "i" } } } },
            422,
            "invalid_fields",
            "message.attachments.0.file");
        Assert.Empty(await Client.MessagesAsync(conversation["id"]));
        await Client.RefusedAsync(HttpMethod.Post, path, new { conversation = ApiHelpers.UnknownUuid, message = new { content = "a" } }, 404, "conversation_not_found");
        await Client.RefusedAsync(HttpMethod.Post, $"v1/chatbots/{ApiHelpers.UnknownUuid}/completions", new { message = new { content = "a" } }, 404, "chatbot_not_found");
    }

    [Fact]
    public async Task Only_the_owner_has_access()
    {
        var other = await parley.NewTenantClientAsync("Others");
        var chatbot = await Client.NewChatbotAsync();
        var completion = await Client.CompleteAsync(chatbot, "secret");
        var id = completion["completionId"]!.GetValue<string>();
        foreach (var (method, path) in new[] { (HttpMethod.Get, ""), (HttpMethod.Get, "/events"), (HttpMethod.Post, "/cancel") })
        {
            await other.RefusedAsync(method, $"v1/completions/{id}{path}", null, 404, "completion_not_found");
            await Client.RefusedAsync(method, $"v1/completions/{completion["conversationId"]}{path}", null, 404, "completion_not_found");
            await Client.RefusedAsync(method, $"v1/completions/{(id[^1] == '0' ? $"{id[..^1]}1" : $"{id[..^1]}0")}{path}", null, 404, "completion_not_found");
            await Client.RefusedAsync(method, $"v1/completions/7{path}", null, 404, "completion_not_found");
            await (await parley.NewClientWithScopeAsync("assistants:write")).RefusedAsync(method, $"v1/completions/{id}{path}", null, 403, "scope_missing");
        }

        await other.RefusedAsync(HttpMethod.Post, $"v1/chatbots/{chatbot["id"]}/completions", new { message = new { content = "a" } }, 404, "chatbot_not_found");
        var theirs = await other.NewChatbotAsync();
        await other.RefusedAsync(
            HttpMethod.Post, $"v1/chatbots/{theirs["id"]}/completions", new { conversation = completion["conversationId"], message = new { content = "a" } }, 404, "conversation_not_found");
        await (await parley.NewClientWithScopeAsync("assistants:write")).RefusedAsync(HttpMethod.Post, "v1/chatbots/1/completions", new { message = new { content = "a" } }, 403, "scope_missing");
    }

    [Theory]
    [InlineData("assistants:use", "messages:read, messages:write")]
    [InlineData("assistants:use messages:read", "messages:write")]
    [InlineData("assistants:use messages:write", "messages:read")]
    [InlineData("assistants:use messages:read messages:write", null)]
    public async Task A_completion_of_an_existing_conversation_needs_the_scopes_of_its_messages(string scopes, string? missing)
    {
        var tenant = await parley.CreateTenantAsync("Scopes");
        var owner = parley.NewClient(tenant.ApiKey);
        var chatbot = await owner.NewChatbotAsync();
        var conversation = await owner.CreateConversationAsync();
        var client = parley.NewClient(await parley.CreateKeyAsync(tenant.Tenant, scopes.Split(' ')));

        foreach (var id in new object[] { conversation, 999_999, ApiHelpers.UnknownUuid })
        {
            using var response = await client.SendJsonAsync(
                HttpMethod.Post, $"v1/chatbots/{chatbot["id"]}/completions", new { conversation = id, message = new { content = "a" } });
            if (missing is not null)
            {
                // The response does not reveal whether the conversation exists.
                Assert.Equal($"The caller lacks the scope {missing}.", ApiHelpers.Text((await response.AssertProblemAsync(403, "scope_missing"))["detail"]));
            }
            else if (!conversation.Equals(id))
            {
                await response.AssertProblemAsync(404, "conversation_not_found");
            }
            else
            {
                await response.ReadAsync();
            }
        }

        Assert.Equal(missing is null ? 2 : 0, (await owner.ListAsync(conversation))["data"]!.AsArray().Count);
        Assert.NotNull((await client.CompleteAsync(chatbot, "A new conversation"))["conversationId"]);
    }

    [Fact]
    public async Task A_deleted_reply_is_removed_from_its_completion()
    {
        var chatbot = await Client.NewChatbotAsync();
        var answer = await Client.CompleteAsync(chatbot, "/words 3");
        var conversation = await Client.CallAsync(HttpMethod.Get, $"v1/conversations/{answer["conversationId"]}");
        var reply = await Client.MessageAsync(conversation["number"]!.GetValue<int>());
        await Client.CallAsync(HttpMethod.Delete, $"v1/conversations/{conversation["number"]}/messages/{reply["id"]}");

        var completion = await Client.CallAsync(HttpMethod.Get, $"v1/completions/{answer["completionId"]}");
        Assert.Equal(("", true), (completion["content"]!.GetValue<string>(), completion["done"]!.GetValue<bool>()));
    }

    [Fact]
    public async Task A_posted_message_receives_a_reply_of_the_conversations_chatbot()
    {
        var chatbot = await Client.NewChatbotAsync(new { name = "Ada" });
        var conversation = await Client.NewConversationAsync(new { chatbot = chatbot["id"] });
        await Client.CallAsync(HttpMethod.Post, "v1/messages", new { conversation = conversation["id"], content = "/words 4" }, HttpStatusCode.Created);

        var messages = await CompletionCalls.UntilAsync(() => Client.MessagesAsync(conversation["id"]), messages => messages.Count > 1);
        Assert.Equal(("outgoing", "word1 word2 word3 word4", "Ada"), (
            messages[1]["type"]!.GetValue<string>(), messages[1]["content"]!.GetValue<string>(), messages[1]["sender"]!["name"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Without_a_chatbot_of_its_own_the_chatbot_of_the_last_completion_replies()
    {
        var (first, second) = (await Client.NewChatbotAsync(new { name = "First" }), await Client.NewChatbotAsync(new { name = "Second" }));
        var conversation = await Client.NewConversationAsync();
        await Client.CompleteAsync(first, "/words 1", conversation["id"]);
        await Client.CompleteAsync(second, "/words 1", conversation["id"]);
        await Client.CallAsync(HttpMethod.Post, "v1/messages", new { conversation = conversation["id"], content = "/words 2" }, HttpStatusCode.Created);

        var messages = await CompletionCalls.UntilAsync(() => Client.MessagesAsync(conversation["id"]), messages => messages.Count > 5);
        Assert.Equal("Second", messages[5]["sender"]!["name"]!.GetValue<string>());
    }

    [Fact]
    public async Task There_is_no_automatic_reply_during_a_hand_off_or_when_it_is_disabled()
    {
        var chatbot = await Client.NewChatbotAsync();
        var disabled = await Client.NewChatbotAsync(new { name = "Off", enabled = false });
        var handedOff = await Client.NewConversationAsync(new { chatbot = chatbot["id"] });
        await Client.CallAsync(HttpMethod.Patch, $"v1/conversations/{handedOff["id"]}", new { handedOffUntil = TimeProvider.System.GetUtcNow().AddDays(1) });
        var off = await Client.NewConversationAsync(new { chatbot = chatbot["id"] });
        await Client.CallAsync(HttpMethod.Patch, $"v1/conversations/{off["id"]}", new { autoReplyEnabled = false });
        var none = await Client.NewConversationAsync();
        var ofDisabled = await Client.NewConversationAsync(new { chatbot = disabled["id"] });
        JsonNode[] silent = [handedOff, off, none, ofDisabled];
        foreach (var conversation in silent)
        {
            await Client.CallAsync(HttpMethod.Post, "v1/messages", new { conversation = conversation["id"], content = "/words 1" }, HttpStatusCode.Created);
        }

        // A message that does receive a reply, after the others and through the same queue.
        var replied = await Client.NewConversationAsync(new { chatbot = chatbot["id"] });
        await Client.CallAsync(HttpMethod.Post, "v1/messages", new { conversation = replied["id"], content = "/words 1" }, HttpStatusCode.Created);
        await CompletionCalls.UntilAsync(() => Client.MessagesAsync(replied["id"]), messages => messages.Count > 1);
        foreach (var conversation in silent)
        {
            Assert.Single(await Client.MessagesAsync(conversation["id"]));
        }
    }

    [Fact]
    public async Task A_reply_that_is_not_stored_before_the_hand_off_is_dropped()
    {
        var chatbot = await Client.NewChatbotAsync();
        var conversation = await Client.NewConversationAsync(new { chatbot = chatbot["id"] });
        await Client.CallAsync(HttpMethod.Post, "v1/messages", new { conversation = conversation["id"], content = "/words 10 /pace 100" }, HttpStatusCode.Created);
        await Client.CallAsync(HttpMethod.Patch, $"v1/conversations/{conversation["id"]}", new { handedOffUntil = TimeProvider.System.GetUtcNow().AddDays(1) });
        var after = await Client.NewConversationAsync(new { chatbot = chatbot["id"] });
        await Client.CallAsync(HttpMethod.Post, "v1/messages", new { conversation = after["id"], content = "/words 20 /pace 100" }, HttpStatusCode.Created);
        await CompletionCalls.UntilAsync(() => Client.MessagesAsync(after["id"]), messages => messages.Count > 1);

        Assert.Single(await Client.MessagesAsync(conversation["id"]));
    }

    [System.Text.RegularExpressions.GeneratedRegex("[0-9a-f-]{36}", System.Text.RegularExpressions.RegexOptions.None, 1000)]
    private static partial System.Text.RegularExpressions.Regex Uuids();
}
