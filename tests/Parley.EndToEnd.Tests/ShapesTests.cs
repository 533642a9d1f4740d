using System.Net;
using System.Text.Json.Nodes;
using Parley.EndToEnd.Tests.Zaia;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests;

/// <summary>A message that is written through any of the three APIs is read through all of them.</summary>
public class ShapesTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    private static readonly byte[] Png = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1, 2, 3];

    [Fact]
    public async Task The_sender_is_shown_in_every_shape()
    {
        var client = parley.Client;
        var conversation = await client.NewConversationAsync();
        var ana = await client.NewSenderAsync(new { entity = "external_user", name = "Ana", avatar = "https://example.com/ana.png" });
        var bia = await client.NewSenderAsync(new { entity = "agent", name = "Bia" });
        var user = await client.NewSenderAsync(new { entity = "user", name = "Uma" });
        var (id, number) = (conversation["id"], conversation["number"]);
        await client.CallAsync(HttpMethod.Post, "v1/chat-messages", new { chatId = id, content = "1", role = "user", senderId = ana["id"], externalId = "ext-1" });
        await client.CallAsync(HttpMethod.Post, "v1/chat-messages", new { chatId = id, content = "2", role = "user" });
        await client.CallAsync(HttpMethod.Post, "v1/chat-messages", new { chatId = id, content = "3", role = "assistant", senderId = bia["number"] });
        await client.CallAsync(HttpMethod.Post, "v1/messages", new { conversation = number, content = "4", sender = ana["number"] }, HttpStatusCode.Created);
        await client.CallAsync(HttpMethod.Post, "v1/messages", new { conversation = number, content = "5" }, HttpStatusCode.Created);
        await client.CallAsync(HttpMethod.Post, $"v1/conversations/{number}/messages", new { message = "6", sender = ana["id"] });
        await client.CallAsync(HttpMethod.Post, $"v1/conversations/{number}/messages", new { message = "7" });
        await client.CallAsync(HttpMethod.Post, $"v1/conversations/{number}/messages", new { message = "8", sender = user["id"] });
        using (var upload = await client.UploadAsync(number!, Png, "9.png", ("message", "9"), ("sender", $"{ana["number"]}")))
        {
            await upload.ReadAsync();
        }

        // Later changes of a sender do not change the names in stored messages.
        await client.CallAsync(HttpMethod.Patch, $"v1/senders/{ana["id"]}", new { name = "Ana Maria", avatar = (string?)null });
        var shapes = await ReadAsync(conversation);
        foreach (var (place, customer, name, sender, role) in new[]
        {
            (0, true, "Ana", ana, "user"), (1, true, null, null, "user"), (2, false, "Bia", bia, "assistant"), (3, true, "Ana", ana, "user"), (4, true, null, null, "user"),
            (5, true, "Ana", ana, "user"), (6, false, "Test key", null, "assistant"), (7, false, "Test key", user, "assistant"), (8, true, "Ana", ana, "user"),
        })
        {
            var (flat, message, chat) = shapes[place];
            var staff = place is 6 or 7;
            Assert.Equal(customer, flat["is_customer"]!.GetValue<bool>());
            Assert.Equal(staff ? 1 : null, flat["user_id"]?.GetValue<int>());
            Assert.Equal(name, ApiHelpers.Text(flat["user_name"]));
            Assert.Equal(role, chat["role"]!.GetValue<string>());
            Assert.Equal(customer ? "incoming" : "outgoing", message["type"]!.GetValue<string>());
            Assert.Equal($"{place + 1}", chat["rawContent"]!.GetValue<string>());
            Assert.Equal(ApiHelpers.Text(sender?["id"]), ApiHelpers.Text(chat["senderId"]));
            Assert.Equal(ApiHelpers.Text(sender?["id"]), ApiHelpers.Text(message["sender"]?["id"]));
            Assert.Equal(ApiHelpers.Text(sender?["name"]), ApiHelpers.Text(message["sender"]?["name"]));
            Assert.Equal(ApiHelpers.Text(sender?["avatar"]), ApiHelpers.Text(message["sender"]?["avatar"]));
            Assert.Equal(place == 0 ? "ext-1" : null, ApiHelpers.Text(chat["externalId"]));
            Assert.Equal(place == 8 ? "image" : "text", flat["message_type"]!.GetValue<string>());
            Assert.Equal(ApiHelpers.Text(sender?["name"]) == "Ana" ? "Ana Maria" : ApiHelpers.Text(sender?["name"]), ApiHelpers.Text(chat["sender"]?["name"]));
        }

        Assert.Equal("9.png", shapes[8].Flat["file"]!["name"]!.GetValue<string>());
        Assert.Equal("9.png", Assert.Single(shapes[8].Message["attachments"]!.AsArray())!["filename"]!.GetValue<string>());
    }

    [Fact]
    public async Task Links_and_payloads_of_one_api_are_shown_in_the_shapes_that_have_them()
    {
        var conversation = await parley.Client.NewConversationAsync();
        await parley.Client.CallAsync(
            HttpMethod.Post,
            "v1/messages",
            new
            {
                conversation = conversation["id"],
                content = "see",
                contentPayload = new { a = 1 },
                attachments = new object[] { new { type = "video", filename = "v.mp4", file = "https://example.com/v.mp4" }, new { type = "image", filename = "i.png", file = "https://example.com/i.png" } },
            },
            HttpStatusCode.Created);
        await parley.Client.CallAsync(HttpMethod.Post, $"v1/conversations/{conversation["id"]}/messages", new { message = "meta", metadata = new { b = 2 } });
        var shapes = await ReadAsync(conversation);
        var (flat, message, _) = shapes[0];

        Assert.Equal("video", flat["message_type"]!.GetValue<string>());
        Assert.Equal("v.mp4", flat["file"]!["name"]!.GetValue<string>());
        Assert.Equal("video", flat["file"]!["type"]!.GetValue<string>());
        Assert.Equal("https://example.com/v.mp4", flat["file"]!["temporary_url"]!.GetValue<string>());
        Assert.Equal("https://example.com/v.mp4", flat["file_temporary_url"]!.GetValue<string>());
        Assert.Equal(flat["id"]!.GetValue<long>(), flat["file"]!["id"]!.GetValue<long>());
        Assert.All(new[] { "mime_type", "size", "formatted_size" }, member => Assert.Null(flat["file"]![member]));
        Assert.Null(flat["metadata"]);
        Assert.Equal(2, message["attachments"]!.AsArray().Count);
        Assert.Equal("""{"b":2}""", shapes[1].Flat["metadata"]!.GetValue<string>());
        Assert.Null(shapes[1].Message["contentPayload"]);
        Assert.Null(shapes[1].Message["queryMetadata"]);
    }

    [Fact]
    public async Task An_edit_is_seen_in_every_shape()
    {
        var conversation = await parley.Client.NewConversationAsync();
        await WriteThreeAsync(conversation);
        var before = await ReadAsync(conversation);
        foreach (var (flat, _, _) in before)
        {
            await parley.Client.CallAsync(HttpMethod.Put, $"v1/conversations/{conversation["id"]}/messages/{flat["id"]}", new { message = "edited" });
        }

        foreach (var ((flat, message, chat), old) in (await ReadAsync(conversation)).Zip(before))
        {
            Assert.Equal("edited", flat["message"]!.GetValue<string>());
            Assert.True(flat["is_edited"]!.GetValue<bool>());
            Assert.Equal("edited", message["content"]!.GetValue<string>());
            Assert.Equal("edited", chat["content"]!.GetValue<string>());
            Assert.Equal(ApiHelpers.Time(old.Chat["createdAt"]), ApiHelpers.Time(chat["createdAt"]));
            Assert.True(ApiHelpers.Time(old.Chat["updatedAt"]) <= ApiHelpers.Time(chat["updatedAt"]));
        }
    }

    [Fact]
    public async Task A_deletion_is_seen_in_every_shape()
    {
        var conversation = await parley.Client.NewConversationAsync();
        await WriteThreeAsync(conversation);
        foreach (var (flat, message, _) in await ReadAsync(conversation))
        {
            await parley.Client.CallAsync(HttpMethod.Patch, $"v1/messages/{message["id"]}", new { feedback = "secret" });
            await parley.Client.CallAsync(HttpMethod.Delete, $"v1/conversations/{conversation["id"]}/messages/{flat["id"]}");
        }

        var shapes = await ReadAsync(conversation);
        Assert.Equal(4, shapes.Count);
        Assert.All(shapes, shape =>
        {
            var (flat, message, chat) = shape;
            Assert.True(flat["is_deleted"]!.GetValue<bool>());
            Assert.Equal("Test key", flat["deleted_by_user_name"]!.GetValue<string>());
            Assert.All(new[] { "message", "metadata", "quoted_text", "file", "file_temporary_url" }, member => Assert.Null(flat[member]));
            Assert.Equal("", message["content"]!.GetValue<string>());
            Assert.All(new[] { "contentPayload", "queryMetadata", "feedback" }, member => Assert.Null(message[member]));
            Assert.Empty(message["attachments"]!.AsArray());
            Assert.Equal("", chat["content"]!.GetValue<string>());
            Assert.Equal("", chat["rawContent"]!.GetValue<string>());
            Assert.DoesNotContain("secret", flat.ToJsonString() + message.ToJsonString() + chat.ToJsonString(), StringComparison.Ordinal);
        });
        Assert.Equal("", (await parley.Client.CallAsync(HttpMethod.Get, $"v1/messages/{shapes[0].Message["id"]}"))["content"]!.GetValue<string>());
    }

    private async Task WriteThreeAsync(JsonNode conversation)
    {
        var id = conversation["id"];
        await parley.Client.CallAsync(HttpMethod.Post, "v1/chat-messages", new { chatId = id, content = "secret 1", role = "assistant", externalId = "chat" });
        await parley.Client.CallAsync(
            HttpMethod.Post,
            "v1/messages",
            new
            {
                conversation = id,
                content = "secret 2",
                contentPayload = new { a = "secret" },
                queryMetadata = new { b = "secret" },
                attachments = new[] { new { type = "image", filename = "secret.png", file = "https://example.com/secret" } },
            },
            HttpStatusCode.Created);
        await parley.Client.CallAsync(HttpMethod.Post, $"v1/conversations/{id}/messages", new { message = "secret 3", metadata = new { c = "secret" } });
        using var upload = await parley.Client.UploadAsync(id!, Png, "secret.png", ("message", "secret 4"));
        await upload.ReadAsync();
    }

    /// <summary>
    /// All messages in their three shapes, oldest first, after checking that the common fields agree.
    /// </summary>
    private async Task<List<(JsonNode Flat, JsonNode Message, JsonNode Chat)>> ReadAsync(JsonNode conversation)
    {
        var flats = (await parley.Client.ListAsync(conversation["number"]!.GetValue<int>(), "?per_page=100&order=asc"))["data"]!.AsArray();
        var messages = (await parley.Client.CallAsync(HttpMethod.Get, $"v1/messages?pageSize=100&conversation={conversation["id"]}"))["results"]!.AsArray().Reverse();
        var (chats, _, _) = await parley.Client.ArrayAsync($"v1/chat-messages?joins=senders&chatId={conversation["number"]}");
        var shapes = flats.Zip(messages, chats).Select(one => (Flat: one.First!, Message: one.Second!, Chat: one.Third!)).ToList();
        Assert.Equal((shapes.Count, shapes.Count), (flats.Count, chats.Count));
        Assert.All(shapes, shape =>
        {
            var (flat, message, chat) = shape;
            Assert.Equal(conversation["number"]!.GetValue<int>(), flat["conversation_id"]!.GetValue<int>());
            Assert.Equal(ApiHelpers.Text(conversation["id"]), message["conversation"]!.GetValue<string>());
            Assert.Equal(ApiHelpers.Text(conversation["id"]), chat["chatId"]!.GetValue<string>());
            Assert.Equal(message["id"]!.GetValue<string>(), chat["id"]!.GetValue<string>());
            Assert.Equal(flat["created_at"]!.GetValue<string>(), message["createdAt"]!.GetValue<string>());
            Assert.Equal(flat["created_at"]!.GetValue<string>(), chat["createdAt"]!.GetValue<string>());
            Assert.Equal(ApiHelpers.Text(flat["message"]) ?? "", message["content"]!.GetValue<string>());
            Assert.Equal(message["content"]!.GetValue<string>(), chat["content"]!.GetValue<string>());
        });
        return shapes;
    }
}
