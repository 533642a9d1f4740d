using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Parley.EndToEnd.Tests.MaiAgent;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Dialects;

/// <summary>The answers to MaiAgent's own clients, every field by its value.</summary>
public class MaiAgentFormTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private static readonly string[] ConversationMembers =
    [
        "id", "contact", "inbox", "title", "lastMessage", "lastMessageCreatedAt", "unreadMessagesCount", "autoReplyEnabled", "isAutoReplyNow",
        "lastReadAt", "createdAt", "isGroupChat", "enableGroupMention", "number", "metadata", "chatbot", "handedOffUntil",
    ];

    private static readonly string[] MessageMembers =
    [
        "id", "conversation", "sender", "type", "content", "feedback", "createdAt", "attachments", "citations", "citationNodes", "contentPayload",
        "queryMetadata",
    ];

    [Fact]
    public async Task A_new_web_chat_conversation()
    {
        var tenant = await parley.NewMaiAgentAsync("New conversation");
        var (chatbot, created) = await tenant.NewWebChatAsync();

        Assert.Equal(ConversationMembers, created.AsObject().Select(member => member.Key));
        Assert.Equal(["id", "name", "avatar", "createdAt"], created["contact"]!.AsObject().Select(member => member.Key));
        Assert.Equal("Visitor", Text(created["contact"]!["name"]));
        Assert.Null(created["contact"]!["avatar"]);
        var contact = await tenant.Parley.CallAsync(HttpMethod.Get, $"v1/senders/{created["contact"]!["id"]}");
        Assert.Equal(("external_user", Millis(contact["createdAt"])), (Text(contact["entity"]), Text(created["contact"]!["createdAt"])));
        Assert.Equal(["id", "name", "channelType", "unreadConversationsCount"], created["inbox"]!.AsObject().Select(member => member.Key));
        Assert.Equal((chatbot, "webChat", "web"), (Text(created["inbox"]!["id"]), Text(created["inbox"]!["name"]), Text(created["inbox"]!["channelType"])));
        Assert.Equal(0, created["inbox"]!["unreadConversationsCount"]!.GetValue<int>());
        Assert.Equal("Visitor", Text(created["title"]));
        Assert.Null(created["lastMessage"]);
        Assert.Matches("^[0-9]{13}$", Text(created["createdAt"]));
        Assert.Equal(Text(created["createdAt"]), Text(created["lastMessageCreatedAt"]));
        Assert.Equal(0, created["unreadMessagesCount"]!.GetValue<int>());
        Assert.True(created["autoReplyEnabled"]!.GetValue<bool>());
        Assert.True(created["isAutoReplyNow"]!.GetValue<bool>());
        Assert.Null(created["lastReadAt"]);
        Assert.False(created["isGroupChat"]!.GetValue<bool>());
        Assert.False(created["enableGroupMention"]!.GetValue<bool>());
        Assert.Equal(1, created["number"]!.GetValue<int>());
        Assert.Null(created["metadata"]);
        Assert.Equal(chatbot, Text(created["chatbot"]));
        Assert.Null(created["handedOffUntil"]);

        // The same conversation in Parley's dialect.
        var same = await tenant.Parley.CallAsync(HttpMethod.Get, $"v1/conversations/{created["id"]}");
        Assert.Equal(Text(created["createdAt"]), Millis(same["createdAt"]));
        Assert.Null(same["title"]);
        Assert.Equal(chatbot, Text(same["chatbot"]));
    }

    [Fact]
    public async Task A_conversation_with_messages()
    {
        var tenant = await parley.NewMaiAgentAsync("Last message");
        var sender = await tenant.Parley.NewSenderAsync(new { entity = "external_user", name = "Ida", avatar = "https://parley.test/ida.png" });
        var body = new { contact = sender["id"], title = "Order 17", metadata = new { order = 17 } };
        var created = await tenant.Client.CallAsync(HttpMethod.Post, "conversations/", body, HttpStatusCode.Created);
        Assert.Equal(("Ida", "https://parley.test/ida.png"), (Text(created["contact"]!["name"]), Text(created["contact"]!["avatar"])));
        Assert.Null(created["inbox"]);
        var message = await PostAsync(tenant, created, new { content = "Hello" });
        var patched = await tenant.Client.CallAsync(HttpMethod.Patch, $"v1/conversations/{created["id"]}", new { autoReplyEnabled = "false", handedOffUntil = "2026-12-31T00:00:00.000Z" });
        await tenant.Client.CallAsync(HttpMethod.Post, $"v1/conversations/{created["id"]}/read");
        var read = await tenant.Client.CallAsync(HttpMethod.Get, $"conversations/{created["id"]}/");

        Assert.Equal("Order 17", Text(read["title"]));
        Assert.True(JsonNode.DeepEquals(message, read["lastMessage"]));
        Assert.Equal(Text(message["createdAt"]), Text(read["lastMessageCreatedAt"]));
        Assert.Equal("""{"order":17}""", read["metadata"]!.ToJsonString());
        Assert.Equal((1, 0), (patched["unreadMessagesCount"]!.GetValue<int>(), read["unreadMessagesCount"]!.GetValue<int>()));
        Assert.False(read["autoReplyEnabled"]!.GetValue<bool>());
        Assert.False(read["isAutoReplyNow"]!.GetValue<bool>());
        Assert.Matches("^[0-9]{13}$", Text(read["lastReadAt"]));
        Assert.Equal("2026-12-31T00:00:00.000Z", Text(read["handedOffUntil"]));

        var page = await tenant.Client.CallAsync(HttpMethod.Get, "conversations/");
        Assert.Equal(["next", "previous", "results"], page.AsObject().Select(member => member.Key));
        Assert.True(JsonNode.DeepEquals(read, Assert.Single(page["results"]!.AsArray())));
        Assert.Null(page["next"]);
        Assert.Null(page["previous"]);
    }

    [Fact]
    public async Task Messages_of_every_kind_of_sender()
    {
        var tenant = await parley.NewMaiAgentAsync("Senders");
        var (chatbot, conversation) = await tenant.NewWebChatAsync("Helper");
        var agent = await tenant.Parley.NewSenderAsync(new { entity = "agent", name = "Ann", avatar = "https://parley.test/ann.png" });
        var incoming = await PostAsync(tenant, conversation, new { content = "/words 1 /pace 0", contentPayload = new { a = 1 }, queryMetadata = new { b = 2 } });
        await CompletionCalls.UntilAsync(() => ListAsync(tenant, conversation), all => all.Count == 2);
        await tenant.Parley.CallAsync(HttpMethod.Post, $"v1/conversations/{conversation["number"]}/messages", new { message = "From staff" });
        await PostAsync(tenant, conversation, new { content = "From Ann", sender = agent["number"] });
        var anonymous = (await tenant.Parley.NewConversationAsync())["number"];
        var orphan = await PostAsync(tenant, anonymous!, new { content = "Nobody's" });
        var all = await ListAsync(tenant, conversation);

        Assert.Equal(MessageMembers, incoming.AsObject().Select(member => member.Key));
        Assert.Equal(Text(conversation["id"]), Text(incoming["conversation"]));
        Assert.Equal("""{"a":1}""", incoming["contentPayload"]!.ToJsonString());
        Assert.Equal("""{"b":2}""", incoming["queryMetadata"]!.ToJsonString());
        Assert.All(all, message => Assert.All(new[] { "attachments", "citations", "citationNodes" }, member => Assert.Empty(message[member]!.AsArray())));
        Assert.All(all, message => Assert.Null(message["feedback"]));
        Assert.All(all, message => Assert.Matches("^[0-9]{13}$", Text(message["createdAt"])));
        Assert.Equal(["incoming", "outgoing", "outgoing", "incoming"], all.Select(message => Text(message["type"])));
        Assert.Equal(["/words 1 /pace 0", "word1", "From staff", "From Ann"], all.Select(message => Text(message["content"])));
        Assert.Equal(
            [
                """{"id":1,"name":"Visitor","avatar":""}""",
                """{"id":-1,"name":"Helper","avatar":""}""",
                """{"id":0,"name":"Test key","avatar":""}""",
                """{"id":2,"name":"Ann","avatar":"https://parley.test/ann.png"}""",
            ],
            all.Select(message => message["sender"]!.ToJsonString()));
        Assert.Equal("""{"id":0,"name":"Visitor","avatar":""}""", orphan["sender"]!.ToJsonString());
        Assert.NotNull(chatbot);
        var rated = await tenant.Client.CallAsync(HttpMethod.Patch, $"messages/{incoming["id"]}", new { feedback = "like" });
        Assert.Equal("like", Text(rated["feedback"]));
        Assert.True(JsonNode.DeepEquals(rated, await tenant.Client.CallAsync(HttpMethod.Get, $"messages/{incoming["id"]}/")));
    }

    [Fact]
    public async Task Chatbots()
    {
        var tenant = await parley.NewMaiAgentAsync("Chatbots");
        using var response = await tenant.Client.SendJsonAsync(HttpMethod.Post, "chatbots/", new { name = "One", instructions = "Be brief.", model = "m", temperature = 0.5 });
        var created = await response.ReadAsync(HttpStatusCode.Created);
        var plain = await tenant.Client.CallAsync(HttpMethod.Post, "v1/chatbots/", new { name = "Two" }, HttpStatusCode.Created);
        var page = await tenant.Client.CallAsync(HttpMethod.Get, "chatbots/?pageSize=1");
        var last = await tenant.Client.CallAsync(HttpMethod.Get, Text(page["next"])!);

        Assert.Equal(
            ["id", "name", "largeLanguageModel", "rag", "embeddingModel", "rerankerModel", "instructions", "webhookUrl", "apiWebChatId", "updatedAt", "replyMode",
                "enableChineseConversion", "number", "provider", "model", "temperature", "enabled", "createdAt", "webChats"],
            created.AsObject().Select(member => member.Key));
        Assert.Equal(("One", "Be brief.", "normal", "m"), (Text(created["name"]), Text(created["instructions"]), Text(created["replyMode"]), Text(created["model"])));
        Assert.Equal(Text(created["id"]), Text(created["apiWebChatId"]));
        Assert.Equal((1, 0.5, true, false), (created["number"]!.GetValue<int>(), created["temperature"]!.GetValue<double>(), created["enabled"]!.GetValue<bool>(), created["enableChineseConversion"]!.GetValue<bool>()));
        Assert.All(new[] { "rag", "embeddingModel", "rerankerModel", "webhookUrl", "provider" }, member => Assert.Null(created[member]));
        Assert.Matches("^[0-9]{13}$", Text(created["createdAt"]));
        Assert.Equal(Text(created["createdAt"]), Text(created["updatedAt"]));
        Assert.Equal($"{parley.Api}chatbots/{created["id"]}", response.Headers.Location!.ToString());
        Assert.Equal("", Text(plain["instructions"]));
        Assert.Empty(plain["webChats"]!.AsArray());

        Assert.Equal(["count", "next", "previous", "results"], page.AsObject().Select(member => member.Key));
        Assert.Equal((2, 2), (page["count"]!.GetValue<int>(), last["count"]!.GetValue<int>()));
        Assert.EndsWith("?pageSize=1&page=1", Text(last["previous"]), StringComparison.Ordinal);
        Assert.Null(page["previous"]);
        Assert.Null(last["next"]);
        var (two, one) = (page["results"]![0]!, last["results"]![0]!);
        Assert.Equal(
            ["id", "name", "largeLanguageModel", "rag", "embeddingModel", "rerankerModel", "updatedAt", "enableChineseConversion", "number", "enabled"],
            one.AsObject().Select(member => member.Key));
        Assert.Equal((Text(created["id"]), "One", Text(created["updatedAt"])), (Text(one["id"]), Text(one["name"]), Text(one["updatedAt"])));
        Assert.Equal((1, true, false), (one["number"]!.GetValue<int>(), one["enabled"]!.GetValue<bool>(), one["enableChineseConversion"]!.GetValue<bool>()));
        Assert.All(new[] { "rag", "embeddingModel", "rerankerModel" }, member => Assert.Null(one[member]));
        Assert.Equal($$"""{"id":"{{Text(created["largeLanguageModel"])}}","name":"m","isDefault":false}""", one["largeLanguageModel"]!.ToJsonString());
        Assert.Equal($$"""{"id":"{{Text(plain["largeLanguageModel"])}}","name":"main","isDefault":true}""", two["largeLanguageModel"]!.ToJsonString());

        using var deleted = await tenant.Client.DeleteAsync(new Uri($"chatbots/{created["id"]}/", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Equal(2, (await tenant.Client.CallAsync(HttpMethod.Get, "chatbots/"))["count"]!.GetValue<int>());
        await RefusedAsync(tenant, HttpMethod.Get, "chatbots/?pageSize=1&page=3", null, 404);
    }

    [Fact]
    public async Task Records_and_completions()
    {
        var tenant = await parley.NewMaiAgentAsync("Records");
        var chatbot = Text((await tenant.Parley.NewChatbotAsync())["id"])!;
        var completion = await tenant.Client.CallAsync(
            HttpMethod.Post, $"chatbots/{chatbot}/completions/", new { message = new { content = "/words 1 /pace 0", queryMetadata = new { a = 1 } } });
        var refused = await tenant.Client.SendJsonAsync(HttpMethod.Post, $"chatbots/{chatbot}/completions/", new { message = new { content = "/fail refused" } });
        var id = Text(completion["completionId"]);
        var scored = await tenant.Client.CallAsync(HttpMethod.Patch, $"chatbots/{chatbot}/records/{id}", new { faithfulnessScore = 0.126, contextRecallScore = 1 });
        var page = await tenant.Client.CallAsync(HttpMethod.Get, $"chatbots/{chatbot}/records/?pageSize=1");
        var last = await tenant.Client.CallAsync(HttpMethod.Get, Text(page["next"])!);
        var record = last["results"]![0]!;

        Assert.Equal(["conversationId", "conversation_id", "completionId", "content", "done", "error"], completion.AsObject().Select(member => member.Key));
        Assert.Equal(Text(completion["conversationId"]), Text(completion["conversation_id"]));
        Assert.Equal(("word1", true), (Text(completion["content"]), completion["done"]!.GetValue<bool>()));
        Assert.Null(completion["error"]);
        Assert.True(JsonNode.DeepEquals(completion, await tenant.Client.CallAsync(HttpMethod.Get, $"v1/completions/{id}")));
        Assert.Equal(422, (int)refused.StatusCode);
        var conversation = await tenant.Client.CallAsync(HttpMethod.Get, $"conversations/{completion["conversationId"]}");
        Assert.Equal((chatbot, "Visitor"), (Text(conversation["inbox"]!["id"]), Text(conversation["contact"]!["name"])));

        Assert.True(JsonNode.DeepEquals(record, scored), record.ToJsonString());
        Assert.Equal(
            ["id", "inputMessage", "condenseMessage", "outputMessage", "context",
                "faithfulnessScore", "displayFaithfulnessScore", "answerRelevancyScore", "displayAnswerRelevancyScore", "contextPrecisionScore", "displayContextPrecisionScore",
                "answerCorrectnessScore", "displayAnswerCorrectnessScore", "answerSimilarityScore", "displayAnswerSimilarityScore", "contextRecallScore",
                "displayContextRecallScore", "replyTime", "createdAt", "error", "chatbot", "conversation"],
            record.AsObject().Select(member => member.Key));
        Assert.Equal((id, chatbot, Text(completion["conversationId"])), (Text(record["id"]), Text(record["chatbot"]), Text(record["conversation"])));
        Assert.Equal(("/words 1 /pace 0", "/words 1 /pace 0", "word1"), (Text(record["inputMessage"]), Text(record["condenseMessage"]), Text(record["outputMessage"])));
        Assert.Equal("""queryMetadata: {"a":1}""", Text(record["context"]));
        Assert.Equal((0.126, 1.0), (record["faithfulnessScore"]!.GetValue<double>(), record["contextRecallScore"]!.GetValue<double>()));
        Assert.Equal(("0.13", "1.00"), (Text(record["displayFaithfulnessScore"]), Text(record["displayContextRecallScore"])));
        foreach (var score in new[] { "AnswerRelevancy", "ContextPrecision", "AnswerCorrectness", "AnswerSimilarity" })
        {
            Assert.Null(record[$"{char.ToLowerInvariant(score[0])}{score[1..]}Score"]);
            Assert.Equal("", Text(record[$"display{score}Score"]));
        }

        Assert.Matches(@"^[0-9]+\.[0-9]{3}$", Text(record["replyTime"]));
        Assert.Matches("^[0-9]{13}$", Text(record["createdAt"]));
        Assert.Null(record["error"]);
        Assert.Equal("refused", Text(page["results"]![0]!["error"]));
        Assert.Equal((2, 2), (page["count"]!.GetValue<int>(), last["count"]!.GetValue<int>()));
        Assert.EndsWith("&page=1", Text(last["previous"]), StringComparison.Ordinal);
        Assert.Null(page["previous"]);
        Assert.Null(last["next"]);
    }

    internal static Task<JsonNode> PostAsync(MaiAgentTenant tenant, JsonNode conversation, object body)
    {
        var message = System.Text.Json.JsonSerializer.SerializeToNode(body)!;
        message["conversation"] = conversation is JsonObject ? conversation["id"]!.DeepClone() : conversation.DeepClone();
        return tenant.Client.CallAsync(HttpMethod.Post, "messages/", message, HttpStatusCode.Created);
    }

    /// <summary>The messages of a conversation, oldest first.</summary>
    internal static async Task<List<JsonNode>> ListAsync(MaiAgentTenant tenant, JsonNode conversation) =>
        [.. (await tenant.Client.CallAsync(HttpMethod.Get, $"messages/?conversation={conversation["id"]}&pageSize=100"))["results"]!.AsArray().Reverse().Select(message => message!)];

    /// <summary>Sends a request that must be refused, and returns the answer.</summary>
    internal static async Task<JsonNode> RefusedAsync(MaiAgentTenant tenant, HttpMethod method, string path, object? body, int status)
    {
        using var response = await tenant.Client.SendJsonAsync(method, path, body);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{path} answered {(int)response.StatusCode}: {text}");
        Assert.Equal("application/json", response.Content.Headers.ContentType!.ToString());
        return JsonNode.Parse(Encoding.UTF8.GetBytes(text))!;
    }

    internal static string? Text(JsonNode? node) => ApiHelpers.Text(node);

    private static string Millis(JsonNode? iso) => $"{ApiHelpers.Time(iso).ToUnixTimeMilliseconds()}";
}
