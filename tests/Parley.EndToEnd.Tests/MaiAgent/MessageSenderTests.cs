using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.MaiAgent;

/// <summary>The role and the sender of messages, through the shapes of all three APIs.</summary>
public class MessageSenderTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    [Theory]
    [InlineData("external_user", true)]
    [InlineData("agent", false)]
    [InlineData("squad", false)]
    [InlineData("workflow", false)]
    [InlineData("user", false)]
    [InlineData(null, false)]
    public async Task A_message_has_the_role_of_its_senders_kind(string? entity, bool customer)
    {
        var client = await parley.NewTenantClientAsync("Message");
        await client.CreateConversationAsync();
        var sender = entity is null ? null : await client.NewSenderAsync(new { entity, name = "Ana", avatar = "https://example.com/a.png" });
        await client.CallAsync(HttpMethod.Post, "v1/conversations/1/messages", new { message = "text", sender = sender?["id"] });

        await AssertSenderAsync(client, customer ? "customer" : "staff", sender);
    }

    [Theory]
    [InlineData("external_user", true)]
    [InlineData("agent", false)]
    [InlineData("user", false)]
    [InlineData(null, false)]
    public async Task A_file_has_the_role_of_its_senders_kind(string? entity, bool customer)
    {
        var client = await parley.NewTenantClientAsync("Media");
        await client.CreateConversationAsync();
        var sender = entity is null ? null : await client.NewSenderAsync(new { entity, name = "Ana", avatar = "https://example.com/a.png" });
        using var response = await client.UploadAsync(
            1, "x"u8.ToArray(), "x.txt", sender is null ? [("message", "text")] : [("message", "text"), ("sender", sender["id"]!.GetValue<string>())]);
        await response.ReadAsync();

        await AssertSenderAsync(client, customer ? "customer" : "staff", sender);
    }

    [Theory]
    [InlineData("user", "external_user", "customer")]
    [InlineData("user", "agent", "customer")]
    [InlineData("user", null, "customer")]
    [InlineData("assistant", "external_user", "assistant")]
    [InlineData("assistant", "agent", "assistant")]
    [InlineData("assistant", null, "assistant")]
    public async Task A_chat_message_has_the_role_of_the_request(string role, string? entity, string stored)
    {
        var client = await parley.NewTenantClientAsync("Chat");
        await client.CreateConversationAsync();
        var sender = entity is null ? null : await client.NewSenderAsync(new { entity, name = "Ana", avatar = "https://example.com/a.png" });
        await client.CallAsync(HttpMethod.Post, "v1/chat-messages", new { chatId = 1, content = "text", role, senderId = sender?["id"] });

        await AssertSenderAsync(client, stored, sender);
    }

    [Theory]
    [InlineData("external_user")]
    [InlineData("agent")]
    [InlineData(null)]
    public async Task A_message_without_a_role_is_the_customers_message(string? entity)
    {
        var client = await parley.NewTenantClientAsync("Messages");
        await client.CreateConversationAsync();
        var sender = entity is null ? null : await client.NewSenderAsync(new { entity, name = "Ana", avatar = "https://example.com/a.png" });
        await client.CallAsync(HttpMethod.Post, "v1/messages", new { conversation = 1, content = "text", sender = sender?["id"] }, HttpStatusCode.Created);

        await AssertSenderAsync(client, "customer", sender);
    }

    [Fact]
    public async Task Names_are_those_at_the_time_of_writing_and_joined_senders_have_the_current_ones()
    {
        var client = await parley.NewTenantClientAsync("Names");
        await client.CreateConversationAsync();
        var before = await client.NewSenderAsync(new { entity = "external_user", name = "Before", avatar = "https://example.com/before" });
        await client.CallAsync(HttpMethod.Post, "v1/conversations/1/messages", new { message = "text", sender = 1 });
        var after = await client.CallAsync(HttpMethod.Patch, "v1/senders/1", new { name = "After", avatar = "https://example.com/after", entity = "agent" });

        await AssertSenderAsync(client, "customer", before);
        var joined = Assert.Single((await client.CallAsync(HttpMethod.Get, "v1/chat-messages?chatId=1&joins=senders")).AsArray())!;
        Assert.True(JsonNode.DeepEquals(after, joined["sender"]));
        Assert.Equal("After", joined["sender"]!["name"]!.GetValue<string>());
        Assert.Equal("user", joined["role"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_sender_is_named_in_every_form_of_its_id()
    {
        var client = await parley.NewTenantClientAsync("Forms");
        await client.CreateConversationAsync();
        var ana = await client.NewSenderAsync(new { entity = "external_user", name = "Ana" });
        var uuid = ana["id"]!.GetValue<string>();
        foreach (var sender in new object[] { 1, "1", uuid, uuid.ToUpperInvariant() })
        {
            await client.CallAsync(HttpMethod.Post, "v1/conversations/1/messages", new { message = "text", sender });
            using var media = await client.UploadAsync(1, "x"u8.ToArray(), "x", ("sender", $"{sender}"));
            await media.ReadAsync();
        }

        Assert.All((await client.ListAsync(1))["data"]!.AsArray(), message =>
        {
            Assert.True(message!["is_customer"]!.GetValue<bool>());
            Assert.Equal("Ana", message["user_name"]!.GetValue<string>());
        });
    }

    [Fact]
    public async Task Invalid_senders_are_refused_everywhere()
    {
        var client = await parley.NewTenantClientAsync("Wrong");
        var other = await parley.NewTenantClientAsync("Other");
        await client.CreateConversationAsync();
        var foreign = (await other.NewSenderAsync(new { entity = "external_user" }))["id"]!.GetValue<string>();
        foreach (var sender in new object[] { 1, 99, 0, -1, "x", ApiHelpers.UnknownUuid, foreign })
        {
            await client.RefusedAsync(HttpMethod.Post, "v1/conversations/1/messages", new { message = "x", sender }, 422, "invalid_fields", "sender");
            await client.RefusedAsync(HttpMethod.Post, "v1/messages", new { conversation = 1, content = "x", sender }, 422, "invalid_fields", "sender");
            await client.RefusedAsync(HttpMethod.Post, "v1/chat-messages", new { chatId = 1, content = "x", role = "user", senderId = sender }, 422, "invalid_fields", "senderId");
            using var media = await client.UploadAsync(1, "x"u8.ToArray(), "x", ("sender", Convert.ToString(sender, CultureInfo.InvariantCulture)!));
            await media.AssertProblemAsync(422, "invalid_fields", "sender");
        }

        Assert.Empty((await client.ListAsync(1))["data"]!.AsArray());
    }

    [Fact]
    public async Task Metadata_is_returned_as_text()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var path = $"v1/conversations/{conversation}/messages";
        await parley.Client.CallAsync(HttpMethod.Post, path, new { message = "none" });
        await parley.Client.CallAsync(HttpMethod.Post, path, new { message = "some", metadata = new { order = 17, name = "é😀", nested = new { a = new[] { 1 } } } });
        var messages = (await parley.Client.ListAsync(conversation, "?order=asc"))["data"]!.AsArray();

        Assert.Null(messages[0]!["metadata"]);
        var metadata = JsonNode.Parse(messages[1]!["metadata"]!.GetValue<string>())!;
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"order":17,"name":"é😀","nested":{"a":[1]}}"""), metadata));
    }

    [Fact]
    public async Task Metadata_has_its_limit()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var path = $"v1/conversations/{conversation}/messages";
        var most = ApiHelpers.JsonOf(32_768);
        await parley.Client.CallAsync(HttpMethod.Post, path, new { message = new string('x', 5000), metadata = most });
        var message = await parley.Client.MessageAsync(conversation);

        Assert.Equal(most["k"], JsonNode.Parse(message["metadata"]!.GetValue<string>())!["k"]!.GetValue<string>());
        Assert.Equal(new string('x', 5000), message["message"]!.GetValue<string>());
        await parley.Client.RefusedAsync(HttpMethod.Post, path, new { message = new string('x', 5001), metadata = ApiHelpers.JsonOf(32_769) }, 422, "invalid_fields", "message", "metadata");
        foreach (var metadata in new object[] { "text", 5, true, new[] { 1 } })
        {
            await parley.Client.RefusedAsync(HttpMethod.Post, path, new { message = "x", metadata }, 422, "invalid_fields", "metadata");
        }
    }

    [Fact]
    public async Task Sender_and_metadata_are_part_of_the_request_under_a_key()
    {
        var client = await parley.NewTenantClientAsync("Key");
        await client.CreateConversationAsync();
        await client.NewSenderAsync(new { entity = "external_user", name = "Ana" });
        var key = ("Idempotency-Key", "once");
        using var first = await client.SendJsonAsync(HttpMethod.Post, "v1/conversations/1/messages", new { message = "x", sender = 1, metadata = new { a = 1 } }, key);
        using var again = await client.SendJsonAsync(HttpMethod.Post, "v1/conversations/1/messages", new { message = "x", sender = 1, metadata = new { a = 1 } }, key);
        using var noSender = await client.SendJsonAsync(HttpMethod.Post, "v1/conversations/1/messages", new { message = "x", metadata = new { a = 1 } }, key);
        using var noMetadata = await client.SendJsonAsync(HttpMethod.Post, "v1/conversations/1/messages", new { message = "x", sender = 1 }, key);

        Assert.True(JsonNode.DeepEquals(await first.ReadAsync(), await again.ReadAsync()));
        Assert.Equal(["true"], again.Headers.GetValues("Idempotent-Replayed"));
        await noSender.AssertProblemAsync(422, "idempotency_key_reused");
        await noMetadata.AssertProblemAsync(422, "idempotency_key_reused");
    }

    /// <summary>
    /// Checks role and sender of the only message of conversation 1, written by the tenant's first key.
    /// </summary>
    private static async Task AssertSenderAsync(HttpClient client, string stored, JsonNode? sender)
    {
        var flextell = Assert.Single((await client.ListAsync(1))["data"]!.AsArray())!;
        var maiAgent = Assert.Single((await client.CallAsync(HttpMethod.Get, "v1/messages?conversation=1"))["results"]!.AsArray())!;
        var zaia = Assert.Single((await client.CallAsync(HttpMethod.Get, "v1/chat-messages?chatId=1")).AsArray())!;
        var customer = stored == "customer";
        var senderName = ApiHelpers.Text(sender?["name"]);

        Assert.Equal("text", ApiHelpers.Text(flextell["message"]));
        Assert.Equal(customer, flextell["is_customer"]!.GetValue<bool>());
        Assert.Equal(stored == "staff" ? 1 : null, flextell["user_id"]?.GetValue<int>());
        Assert.Equal(stored == "staff" ? "Test key" : senderName, ApiHelpers.Text(flextell["user_name"]));
        Assert.Equal(customer ? "incoming" : "outgoing", maiAgent["type"]!.GetValue<string>());
        Assert.Equal("text", maiAgent["content"]!.GetValue<string>());
        Assert.Equal(ApiHelpers.Text(sender?["id"]), ApiHelpers.Text(maiAgent["sender"]?["id"]));
        Assert.Equal(senderName, ApiHelpers.Text(maiAgent["sender"]?["name"]));
        Assert.Equal(ApiHelpers.Text(sender?["avatar"]), ApiHelpers.Text(maiAgent["sender"]?["avatar"]));
        Assert.Equal(customer ? "user" : "assistant", zaia["role"]!.GetValue<string>());
        Assert.Equal("text", zaia["content"]!.GetValue<string>());
        Assert.Equal("text", zaia["rawContent"]!.GetValue<string>());
        Assert.Equal(ApiHelpers.Text(sender?["id"]), ApiHelpers.Text(zaia["senderId"]));
        Assert.Equal(maiAgent["id"]!.GetValue<string>(), zaia["id"]!.GetValue<string>());
    }
}
