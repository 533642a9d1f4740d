using System.Net;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.MaiAgent;

public class ConversationTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private static readonly string[] Members =
    [
        "id", "number", "title", "contact", "inbox", "lastMessage", "lastMessageCreatedAt", "unreadMessagesCount", "autoReplyEnabled",
        "isAutoReplyNow", "lastReadAt", "createdAt", "isGroupChat", "enableGroupMention", "metadata", "chatbot", "handedOffUntil",
    ];

    [Fact]
    public async Task An_empty_body_creates_a_conversation_with_every_field()
    {
        using var response = await parley.Client.SendJsonAsync(HttpMethod.Post, "v1/conversations", new { });
        var created = await response.ReadAsync(HttpStatusCode.Created);

        Assert.Equal(Members, created.AsObject().Select(member => member.Key));
        Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", created["id"]!.GetValue<string>());
        Assert.Matches("Z$", created["createdAt"]!.GetValue<string>());
        Assert.Equal("\"1\"", response.Headers.ETag!.Tag);
        Assert.Equal($"{parley.Api}v1/conversations/{created["id"]}", response.Headers.Location!.ToString());
        Assert.True(created["autoReplyEnabled"]!.GetValue<bool>());
        Assert.True(created["isAutoReplyNow"]!.GetValue<bool>());
        Assert.Equal(0, created["unreadMessagesCount"]!.GetValue<int>());
        Assert.All(new[] { "title", "contact", "inbox", "lastMessage", "lastMessageCreatedAt", "lastReadAt", "metadata", "chatbot", "handedOffUntil" },
            member => Assert.Null(created[member]));
    }

    [Fact]
    public async Task A_conversation_is_read_as_sent_by_uuid_and_by_number()
    {
        var body = new
        {
            title = "Order 17 é😀",
            channel = "whatsapp",
            address = "+55 11 99999-0000",
            first_name = "Ana",
            last_name = "Souza",
            metadata = new { order = 17, tags = new[] { "a", "b" } },
            unknown = "ignored",
        };
        using var response = await parley.Client.SendJsonAsync(HttpMethod.Post, "v1/conversations", body);
        var created = await response.ReadAsync(HttpStatusCode.Created);

        Assert.Equal("Order 17 é😀", created["title"]!.GetValue<string>());
        Assert.Equal(["id", "name", "avatar", "createdAt"], created["contact"]!.AsObject().Select(member => member.Key));
        Assert.Equal("Ana Souza", created["contact"]!["name"]!.GetValue<string>());
        Assert.Equal(["id", "name", "channelType", "unreadConversationsCount"], created["inbox"]!.AsObject().Select(member => member.Key));
        Assert.Equal("whatsapp", created["inbox"]!["name"]!.GetValue<string>());
        Assert.Equal("""{"order":17,"tags":["a","b"]}""", created["metadata"]!.ToJsonString());
        foreach (var id in new[] { created["id"]!.GetValue<string>(), created["id"]!.GetValue<string>().ToUpperInvariant(), $"{created["number"]}" })
        {
            using var read = await parley.Client.GetAsync($"v1/conversations/{id}");
            Assert.True(JsonNode.DeepEquals(created, await read.ReadAsync()));
            Assert.Equal("\"1\"", read.Headers.ETag!.Tag);
        }
    }

    [Fact]
    public async Task A_web_chat_is_its_own_inbox_and_an_address_is_one_contact()
    {
        var webChat = "5b1f2a36-9d0a-4f5e-8a55-2f6f0a1b2c3d";
        using var one = await parley.Client.SendJsonAsync(HttpMethod.Post, "v1/conversations", new { webChat, address = "ana@example.com" });
        using var two = await parley.Client.SendJsonAsync(HttpMethod.Post, "v1/conversations", new { web_chat = webChat, address = "ana@example.com" });
        var (first, second) = (await one.ReadAsync(HttpStatusCode.Created), await two.ReadAsync(HttpStatusCode.Created));

        Assert.Equal(webChat, first["inbox"]!["id"]!.GetValue<string>());
        Assert.Equal("web", second["inbox"]!["channelType"]!.GetValue<string>());
        Assert.Equal("ana@example.com", first["contact"]!["name"]!.GetValue<string>());
        Assert.Equal(first["contact"]!["id"]!.GetValue<string>(), second["contact"]!["id"]!.GetValue<string>());
    }

    [Fact]
    public async Task The_same_key_creates_one_conversation()
    {
        var key = ("Idempotency-Key", "conversation-once");
        using var one = await parley.Client.SendJsonAsync(HttpMethod.Post, "v1/conversations", new { title = "once" }, key);
        using var two = await parley.Client.SendJsonAsync(HttpMethod.Post, "v1/conversations/", new { title = "once" }, key);
        using var other = await parley.Client.SendJsonAsync(HttpMethod.Post, "v1/conversations", new { title = "twice" }, key);

        Assert.True(JsonNode.DeepEquals(await one.ReadAsync(HttpStatusCode.Created), await two.ReadAsync(HttpStatusCode.Created)));
        Assert.False(one.Headers.Contains("Idempotent-Replayed"));
        Assert.Equal(["true"], two.Headers.GetValues("Idempotent-Replayed"));
        await other.AssertProblemAsync(422, "idempotency_key_reused");
    }

    [Fact]
    public async Task Conversations_created_concurrently_have_distinct_numbers()
    {
        var tenant = await parley.CreateTenantAsync("At once");
        var client = parley.NewClient(tenant.ApiKey);

        var numbers = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => client.CreateConversationAsync()));

        Assert.Equal(Enumerable.Range(1, 24), numbers.Order());
    }

    [Fact]
    public async Task The_head_contains_the_last_message()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        await parley.Client.PostAsync(conversation, "first");
        await parley.Client.PostAsync(conversation, new string('x', 499) + "😀 and more");

        using var response = await parley.Client.GetAsync($"v1/conversations/{conversation}");
        var read = await response.ReadAsync();

        // The 500th character would be half of the emoji.
        Assert.Equal(new string('x', 499), read["lastMessage"]!.GetValue<string>());
        Assert.NotNull(read["lastMessageCreatedAt"]);
        Assert.Equal("\"3\"", response.Headers.ETag!.Tag);
        Assert.Equal(0, read["unreadMessagesCount"]!.GetValue<int>());
    }

    [Fact]
    public async Task All_invalid_fields_are_named_together()
    {
        var body = new
        {
            title = new string('x', 251),
            channel = "",
            webChat = "x",
            address = 5,
            first_name = new string('x', 251),
            last_name = true,
            metadata = "text",
            contact = "x",
            chatbot = "x",
        };
        using var response = await parley.Client.SendJsonAsync(HttpMethod.Post, "v1/conversations", body);

        await response.AssertProblemAsync(422, "invalid_fields", "title", "channel", "webChat", "address", "first_name", "last_name", "metadata", "contact", "chatbot");
    }

    [Fact]
    public async Task Unknown_contacts_and_chatbots_are_refused()
    {
        var id = "5b1f2a36-9d0a-4f5e-8a55-2f6f0a1b2c3d";
        using var contact = await parley.Client.SendJsonAsync(HttpMethod.Post, "v1/conversations", new { contact = id });
        using var chatbot = await parley.Client.SendJsonAsync(HttpMethod.Post, "v1/conversations", new { chatbot = id });

        await contact.AssertProblemAsync(422, "invalid_fields", "contact");
        await chatbot.AssertProblemAsync(404, "chatbot_not_found");
    }

    [Fact]
    public async Task Metadata_of_the_greatest_length_is_read_as_written()
    {
        var metadata = new Dictionary<string, string> { ["é"] = new('ü', 32_768 - "{\"é\":\"\"}".Length) };
        using var response = await parley.Client.SendJsonAsync(HttpMethod.Post, "v1/conversations", new { metadata });
        using var tooLong = await parley.Client.SendJsonAsync(
            HttpMethod.Post, "v1/conversations", new { metadata = new Dictionary<string, string> { ["é"] = metadata["é"] + "x" } });

        Assert.Equal(metadata["é"], (await response.ReadAsync(HttpStatusCode.Created))["metadata"]!["é"]!.GetValue<string>());
        await tooLong.AssertProblemAsync(422, "invalid_fields", "metadata");
    }
}
