using System.Net;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Flextell;

/// <summary>Reading, unread counts and inboxes.</summary>
public class ReadingTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    [Fact]
    public async Task The_response_to_a_reading_has_every_field()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        await CustomerSaysAsync(parley.Client, conversation);
        var staff = await parley.Client.PostAsync(conversation, "staff");
        var answer = await parley.Client.CallAsync(HttpMethod.Post, $"v1/conversations/{conversation}/read", new { });
        var read = await parley.Client.CallAsync(HttpMethod.Get, $"v1/conversations/{conversation}");
        var data = answer["data"]!;

        Assert.Equal(["success", "data"], answer.AsObject().Select(member => member.Key));
        Assert.Equal(["conversation_id", "message_id", "read_at", "unread_messages_count"], data.AsObject().Select(member => member.Key));
        Assert.Equal("true", answer["success"]!.GetValue<string>());
        Assert.Equal($"{conversation}", data["conversation_id"]!.GetValue<string>());
        Assert.Equal($"{staff}", data["message_id"]!.GetValue<string>());
        Assert.Equal(0, data["unread_messages_count"]!.GetValue<int>());
        Assert.Equal(TimeProvider.System.GetUtcNow(), ApiHelpers.Time(data["read_at"]), TimeSpan.FromMinutes(5));
        Assert.Equal(data["read_at"]!.GetValue<string>(), read["lastReadAt"]!.GetValue<string>());
        Assert.Equal(0, read["unreadMessagesCount"]!.GetValue<int>());
    }

    [Fact]
    public async Task An_empty_conversation_has_no_last_message()
    {
        var created = await parley.Client.NewConversationAsync();
        var answer = await parley.Client.CallAsync(HttpMethod.Post, $"v1/conversations/{created["id"]}/read", new { });

        Assert.Equal($"{created["number"]}", answer["data"]!["conversation_id"]!.GetValue<string>());
        Assert.Null(answer["data"]!["message_id"]);
        Assert.Equal(0, answer["data"]!["unread_messages_count"]!.GetValue<int>());
    }

    [Fact]
    public async Task Only_customers_messages_are_unread_and_through_every_api()
    {
        var client = await parley.NewTenantClientAsync("Unread");
        var ana = await client.NewSenderAsync(new { entity = "external_user", name = "Ana" });
        var bot = await client.NewSenderAsync(new { entity = "agent", name = "Bot" });
        await client.CreateConversationAsync(new { channel = "mail" });
        var expected = 0;
        foreach (var (path, body, status, customer) in new (string, object, HttpStatusCode, bool)[]
        {
            ("v1/messages", new { conversation = 1, content = "a" }, HttpStatusCode.Created, true),
            ("v1/messages", new { conversation = 1, content = "b", sender = bot["id"] }, HttpStatusCode.Created, true),
            ("v1/chat-messages", new { chatId = 1, content = "c", role = "user" }, HttpStatusCode.OK, true),
            ("v1/chat-messages", new { chatId = 1, content = "d", role = "assistant", senderId = ana["id"] }, HttpStatusCode.OK, false),
            ("v1/conversations/1/messages", new { message = "e" }, HttpStatusCode.OK, false),
            ("v1/conversations/1/messages", new { message = "f", sender = ana["id"] }, HttpStatusCode.OK, true),
            ("v1/conversations/1/messages", new { message = "g", sender = bot["id"] }, HttpStatusCode.OK, false),
        })
        {
            await client.CallAsync(HttpMethod.Post, path, body, status);
            expected += customer ? 1 : 0;
            var after = await client.CallAsync(HttpMethod.Get, "v1/conversations/1");
            Assert.Equal(expected, after["unreadMessagesCount"]!.GetValue<int>());
            Assert.Equal(1, after["inbox"]!["unreadConversationsCount"]!.GetValue<int>());
        }

        using var media = await client.UploadAsync(1, "x"u8.ToArray(), "x.txt", ("sender", ana["id"]!.GetValue<string>()));
        await media.ReadAsync();
        using var staffMedia = await client.UploadAsync(1, "x"u8.ToArray(), "x.txt");
        await staffMedia.ReadAsync();
        Assert.Equal(expected + 1, (await client.CallAsync(HttpMethod.Get, "v1/conversations/1"))["unreadMessagesCount"]!.GetValue<int>());

        await client.CallAsync(HttpMethod.Post, "v1/conversations/1/read", new { });
        var messages = (await client.ListAsync(1, "?order=asc"))["data"]!.AsArray();
        Assert.All(messages, message => Assert.Equal(message!["is_customer"]!.GetValue<bool>(), message["read_at"] is not null));
        Assert.Equal([true, true, true, false, false, true, false, true, false], messages.Select(message => message!["is_customer"]!.GetValue<bool>()));
    }

    [Fact]
    public async Task Reading_up_to_a_message_leaves_the_later_ones()
    {
        var client = await parley.NewTenantClientAsync("Partly");
        await client.CreateConversationAsync(new { channel = "mail" });
        var ids = new List<JsonNode>();
        for (var i = 0; i < 4; i++)
        {
            ids.Add(await CustomerSaysAsync(client, 1));
        }

        var second = (await client.ListAsync(1, "?order=asc"))["data"]![1]!["id"]!.GetValue<long>();
        var byNumber = await client.CallAsync(HttpMethod.Post, "v1/conversations/1/read", new { messageId = second });
        Assert.Equal($"{second}", byNumber["data"]!["message_id"]!.GetValue<string>());
        Assert.Equal(2, byNumber["data"]!["unread_messages_count"]!.GetValue<int>());
        var after = await client.CallAsync(HttpMethod.Get, "v1/conversations/1");
        Assert.Equal(2, after["unreadMessagesCount"]!.GetValue<int>());
        Assert.Equal(1, after["inbox"]!["unreadConversationsCount"]!.GetValue<int>());
        Assert.Equal([true, true, false, false], (await client.ListAsync(1, "?order=asc"))["data"]!.AsArray().Select(message => message!["read_at"] is not null));

        // An earlier message changes nothing: no message becomes unread again.
        var earlier = await client.CallAsync(HttpMethod.Post, "v1/conversations/1/read", new { message_id = ids[0]["id"] });
        Assert.Equal(2, earlier["data"]!["unread_messages_count"]!.GetValue<int>());
        Assert.Equal(byNumber["data"]!["read_at"]!.GetValue<string>(), earlier["data"]!["read_at"]!.GetValue<string>());

        var byUuid = await client.CallAsync(HttpMethod.Post, "v1/conversations/1/read", new { messageId = ids[2]["id"] });
        Assert.Equal(1, byUuid["data"]!["unread_messages_count"]!.GetValue<int>());
        Assert.Equal($"{second + 1}", byUuid["data"]!["message_id"]!.GetValue<string>());
        var first = (await client.ListAsync(1, "?order=asc"))["data"]![0]!;
        Assert.Equal(byNumber["data"]!["read_at"]!.GetValue<string>(), first["read_at"]!.GetValue<string>());
        var rest = await client.CallAsync(HttpMethod.Post, "v1/conversations/1/read", new { messageId = (string?)null });
        Assert.Equal(0, rest["data"]!["unread_messages_count"]!.GetValue<int>());
        Assert.Equal(0, (await client.CallAsync(HttpMethod.Get, "v1/conversations/1"))["inbox"]!["unreadConversationsCount"]!.GetValue<int>());
    }

    [Fact]
    public async Task Reading_twice_changes_nothing()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        await CustomerSaysAsync(parley.Client, conversation);
        var once = await parley.Client.CallAsync(HttpMethod.Post, $"v1/conversations/{conversation}/read", new { });
        var page = await parley.Client.ListAsync(conversation);
        var twice = await parley.Client.CallAsync(HttpMethod.Post, $"v1/conversations/{conversation}/read/", new { });

        Assert.True(JsonNode.DeepEquals(once, twice));
        Assert.True(JsonNode.DeepEquals(page, await parley.Client.ListAsync(conversation)));
    }

    [Theory]
    [InlineData(99)]
    [InlineData(100)]
    [InlineData(203)]
    public async Task Many_unread_messages_are_read_at_once(int count)
    {
        var client = await parley.NewTenantClientAsync("Many");
        await client.CreateConversationAsync(new { channel = "mail" });
        for (var i = 0; i < count; i++)
        {
            await CustomerSaysAsync(client, 1);
        }

        Assert.Equal(count, (await client.CallAsync(HttpMethod.Get, "v1/conversations/1"))["unreadMessagesCount"]!.GetValue<int>());
        var answer = await client.CallAsync(HttpMethod.Post, "v1/conversations/1/read", new { });
        var after = await client.CallAsync(HttpMethod.Get, "v1/conversations/1");
        var times = new List<string?>();
        for (var page = 1; page <= 3; page++)
        {
            times.AddRange((await client.ListAsync(1, $"?per_page=100&page={page}"))["data"]!.AsArray().Select(message => ApiHelpers.Text(message!["read_at"])));
        }

        Assert.Equal(0, answer["data"]!["unread_messages_count"]!.GetValue<int>());
        Assert.Equal($"{(1L << 22) + count}", answer["data"]!["message_id"]!.GetValue<string>());
        Assert.Equal(0, after["unreadMessagesCount"]!.GetValue<int>());
        Assert.Equal(0, after["inbox"]!["unreadConversationsCount"]!.GetValue<int>());
        Assert.Equal(Enumerable.Repeat(answer["data"]!["read_at"]!.GetValue<string>(), count), times);
    }

    [Fact]
    public async Task An_inbox_counts_its_unread_conversations()
    {
        var client = await parley.NewTenantClientAsync("Inboxes");
        await client.CreateConversationAsync(new { channel = "mail" });
        await client.CreateConversationAsync(new { channel = "mail" });
        await client.CreateConversationAsync(new { channel = "chat" });
        await client.CreateConversationAsync();
        foreach (var conversation in new[] { 1, 1, 2, 4 })
        {
            await CustomerSaysAsync(client, conversation);
        }

        Assert.Equal([null, 0, 2, 2], await CountsAsync());
        await client.CallAsync(HttpMethod.Post, "v1/conversations/1/read", new { });
        Assert.Equal([null, 0, 1, 1], await CountsAsync());
        await CustomerSaysAsync(client, 3);
        Assert.Equal([null, 1, 1, 1], await CountsAsync());
        await CustomerSaysAsync(client, 1);
        Assert.Equal([null, 1, 2, 2], await CountsAsync());

        async Task<IEnumerable<int?>> CountsAsync() => (await client.CallAsync(HttpMethod.Get, "v1/conversations"))["results"]!.AsArray()
            .OrderByDescending(entry => entry!["number"]!.GetValue<int>())
            .Select(entry => entry!["inbox"]?["unreadConversationsCount"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_replayed_post_is_not_unread_again()
    {
        var client = await parley.NewTenantClientAsync("Replayed");
        var ana = await client.NewSenderAsync(new { entity = "external_user", name = "Ana" });
        await client.CreateConversationAsync(new { channel = "mail" });
        var sends = new (string Path, object Body)[]
        {
            ("v1/messages", new { conversation = 1, content = "a" }),
            ("v1/chat-messages", new { chatId = 1, content = "a", role = "user" }),
            ("v1/conversations/1/messages", new { message = "a", sender = ana["id"] }),
        };
        for (var round = 0; round < 2; round++)
        {
            foreach (var (path, body) in sends)
            {
                using var response = await client.SendJsonAsync(HttpMethod.Post, path, body, ("Idempotency-Key", path));
                Assert.True(response.IsSuccessStatusCode);
                Assert.Equal(round == 1, response.Headers.Contains("Idempotent-Replayed"));
            }

            Assert.Equal(round == 0 ? 3 : 0, (await client.CallAsync(HttpMethod.Get, "v1/conversations/1"))["unreadMessagesCount"]!.GetValue<int>());
            await client.CallAsync(HttpMethod.Post, "v1/conversations/1/read", new { });
        }

        var read = await client.CallAsync(HttpMethod.Get, "v1/conversations/1");
        Assert.Equal(0, read["inbox"]!["unreadConversationsCount"]!.GetValue<int>());
        Assert.Equal(3, (await client.ListAsync(1))["meta"]!["total"]!.GetValue<int>());
    }

    [Fact]
    public async Task Invalid_messages_and_conversations_are_refused()
    {
        var client = await parley.NewTenantClientAsync("Wrong");
        await client.CreateConversationAsync();
        var uuid = (await client.NewConversationAsync())["id"]!.GetValue<string>();
        var message = (await CustomerSaysAsync(client, 1))["id"]!.GetValue<string>();
        foreach (var id in new object[] { "x", 0, -1, 1.5, true, 99, (1L << 22) + 2, ApiHelpers.UnknownUuid })
        {
            await client.RefusedAsync(HttpMethod.Post, "v1/conversations/1/read", new { messageId = id }, 422, "invalid_fields", "messageId");
        }

        await client.RefusedAsync(HttpMethod.Post, "v1/conversations/2/read", new { messageId = message }, 422, "invalid_fields", "messageId");
        await client.RefusedAsync(HttpMethod.Post, "v1/conversations/2/read", new { messageId = (1L << 22) + 1 }, 422, "invalid_fields", "messageId");
        foreach (var id in new[] { "99", "0", "nonsense", ApiHelpers.UnknownUuid })
        {
            await client.RefusedAsync(HttpMethod.Post, $"v1/conversations/{id}/read", new { }, 404, "conversation_not_found");
        }

        var other = await parley.NewTenantClientAsync("Other");
        await other.RefusedAsync(HttpMethod.Post, "v1/conversations/1/read", new { }, 404, "conversation_not_found");
        await other.RefusedAsync(HttpMethod.Post, $"v1/conversations/{uuid}/read", new { }, 404, "conversation_not_found");
        await client.RefusedAsync(HttpMethod.Post, "v1/conversations/1/read", "text", 400, "malformed_json");
        await parley.NewClient(token: null).RefusedAsync(HttpMethod.Post, "v1/conversations/1/read", new { }, 401, "unauthenticated");
        await (await parley.NewClientWithScopeAsync("messages:read")).RefusedAsync(HttpMethod.Post, "v1/conversations/1/read", new { }, 403, "scope_missing");
        Assert.Equal(1, (await client.CallAsync(HttpMethod.Get, "v1/conversations/1"))["unreadMessagesCount"]!.GetValue<int>());
    }

    private static Task<JsonNode> CustomerSaysAsync(HttpClient client, int conversation) =>
        client.CallAsync(HttpMethod.Post, "v1/messages", new { conversation, content = "from a customer" }, HttpStatusCode.Created);
}
