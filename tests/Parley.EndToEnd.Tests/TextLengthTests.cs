using System.Net;
using System.Text.Json.Nodes;
using Parley.EndToEnd.Tests.Zaia;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests;

/// <summary>Lengths of texts: characters are code points, and white space alone is no message.</summary>
public class TextLengthTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    [Fact]
    public async Task A_message_has_five_thousand_characters_whatever_they_are()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var path = $"v1/conversations/{conversation}/messages";
        var (longest, half) = (Emoji(5_000), Emoji(2_501));
        var id = await parley.Client.PostAsync(conversation, longest);

        foreach (var message in new[] { half, longest })
        {
            var edited = await parley.Client.CallAsync(HttpMethod.Put, $"{path}/{id}", new { message });
            Assert.Equal(message, ApiHelpers.Text(edited["data"]!["message"]));
        }

        await parley.Client.RefusedAsync(HttpMethod.Post, path, new { message = longest + "x" }, 422, "invalid_fields", "message");
        await parley.Client.RefusedAsync(HttpMethod.Put, $"{path}/{id}", new { message = longest + "😀" }, 422, "invalid_fields", "message");
    }

    [Theory]
    [InlineData(" ")]
    [InlineData("\r\n\t")]
    [InlineData("\u00A0\u3000\u200B\uFEFF")]
    [InlineData("\uFE0F\u180B\U000E0100")]
    public async Task White_space_alone_is_no_message(string blank)
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var path = $"v1/conversations/{conversation}/messages";
        var id = await parley.Client.PostAsync(conversation, $"{blank}x{blank}");

        await parley.Client.RefusedAsync(HttpMethod.Post, path, new { message = blank }, 422, "invalid_fields", "message");
        await parley.Client.RefusedAsync(HttpMethod.Put, $"{path}/{id}", new { message = blank }, 422, "invalid_fields", "message");
        Assert.Equal($"{blank}x{blank}", ApiHelpers.Text((await parley.Client.MessageAsync(conversation))["message"]));

        // With a file there is a message without the text.
        using var form = new MultipartFormDataContent { { new ByteArrayContent([1]), "file", "a.bin" }, { new StringContent(blank), "message" } };
        using var media = await parley.Client.PostAsync($"{path}/media", form);
        Assert.Equal(HttpStatusCode.OK, media.StatusCode);
        Assert.Equal("", ApiHelpers.Text((await parley.Client.MessageAsync(conversation))["message"]));

        // A chat's message may be empty.
        foreach (var content in new[] { blank, "" })
        {
            await parley.Client.PostTextAsync(conversation, content);
        }
    }

    [Fact]
    public async Task Chats_count_characters_too()
    {
        var chat = await parley.Client.CreateConversationAsync();
        var (longest, id) = (Emoji(4_000), Emoji(250));
        var body = new JsonObject { ["chatId"] = chat, ["content"] = longest, ["role"] = "assistant", ["externalId"] = id };
        var message = await parley.Client.CallAsync(HttpMethod.Post, "v1/chat-messages", body);
        Assert.Equal((longest, id), (ApiHelpers.Text(message["content"]), ApiHelpers.Text(message["externalId"])));
        var followUp = await parley.Client.FollowUpAsync(chat, longest);
        Assert.Equal(id, ApiHelpers.Text((await parley.Client.PatchFollowUpAsync(followUp, new { reason = id }))["reason"]));

        foreach (var (field, value) in new[] { ("content", longest + "x"), ("externalId", id + "x"), ("externalId", Emoji(2)) })
        {
            var wrong = body.DeepClone();
            wrong[field] = value;
            await parley.Client.RefusedAsync(HttpMethod.Post, "v1/chat-messages", wrong, 422, "invalid_fields", field);
        }

        await parley.Client.RefusedAsync(HttpMethod.Patch, $"{FollowUpCalls.Path}/{followUp["id"]}", new { message = longest + "x", reason = id + "x" }, 422, "invalid_fields", "message", "reason");
    }

    [Fact]
    public async Task The_limit_of_storage_counts_code_units()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        await parley.Client.CallAsync(HttpMethod.Post, "v1/messages", new { conversation, content = Emoji(50_000) }, HttpStatusCode.Created);
        await parley.Client.RefusedAsync(HttpMethod.Post, "v1/messages", new { conversation, content = Emoji(50_000) + "x" }, 422, "invalid_fields", "content");
    }

    private static string Emoji(int count) => string.Concat(Enumerable.Repeat("😀", count));
}
