using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Parley.EndToEnd.Tests.Zaia;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests.Flextell;

/// <summary>Texts that need several properties of a row, and texts that are difficult to store.</summary>
public class LongContentTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    /// <summary>The number of characters that one property of a row holds.</summary>
    private const int Border = 32_768;
    private const int Longest = 100_000;

    [Theory]
    [InlineData(Border - 1)]
    [InlineData(Border)]
    [InlineData(Border + 1)]
    [InlineData(2 * Border)]
    [InlineData(2 * Border + 1)]
    [InlineData(3 * Border)]
    [InlineData(Longest)]
    public async Task A_text_of_any_length_is_read_as_written(int length) => await AssertKeptAsync(new string('x', length - 1) + "é");

    [Fact]
    public async Task Surrogate_pairs_across_every_border_are_read_as_written() =>
        // Shifted by one code unit, so that every border splits a pair.
        await AssertKeptAsync("x" + string.Concat(Enumerable.Repeat("😀", (Longest - 2) / 2)) + "x");

    [Fact]
    public async Task Combining_marks_and_directions_across_every_border_are_read_as_written()
    {
        var text = new StringBuilder(new string('a', Longest));
        foreach (var border in new[] { Border, 2 * Border, 3 * Border })
        {
            // The base character before the border, its combining marks after it, and all of it within right-to-left
            // text.
            const string Part = "\u202b\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627e\u0301\u0323\u200d\u202c\ufeff\u2028\r\n\t\u0001\uffff";
            text.Remove(border - 12, Part.Length).Insert(border - 12, Part);
        }

        Assert.Equal(Longest, text.Length);
        await AssertKeptAsync(text.ToString());
    }

    [Fact]
    public async Task One_character_more_is_refused()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        foreach (var content in new[] { new string('x', Longest + 1), string.Concat(Enumerable.Repeat("😀", Longest / 2)) + "x" })
        {
            await parley.Client.RefusedAsync(HttpMethod.Post, "v1/messages", new { conversation, content }, 422, "invalid_fields", "content");
        }
    }

    [Fact]
    public async Task The_longest_of_everything_fits_together()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var content = string.Concat(Enumerable.Repeat("😀", Longest / 2));
        var name = string.Concat(Enumerable.Repeat("😀", 250));
        var attachments = Enumerable.Range(0, 10).Select(_ => new { id = name, type = "sticker", filename = name, file = "https://example.com/".PadRight(2048, 'e') });
        var message = await parley.Client.CallAsync(
            HttpMethod.Post,
            "v1/messages",
            new { conversation, content, contentPayload = ApiHelpers.JsonOf(Border), queryMetadata = ApiHelpers.JsonOf(Border), attachments },
            HttpStatusCode.Created);
        var read = await parley.Client.CallAsync(HttpMethod.Patch, $"v1/messages/{message["id"]}", new { feedback = string.Concat(Enumerable.Repeat("😀", 2000)) });

        Assert.Equal(string.Concat(Enumerable.Repeat("😀", 2000)), read["feedback"]!.GetValue<string>());
        read["feedback"] = null;
        Assert.True(JsonNode.DeepEquals(message, read));
        Assert.Equal(content, read["content"]!.GetValue<string>());
        Assert.Equal(10, read["attachments"]!.AsArray().Count);
        Assert.Equal(Border, read["contentPayload"]!.ToJsonString().Length);
        Assert.Equal(Border, read["queryMetadata"]!.ToJsonString().Length);
    }

    [Fact]
    public async Task A_shorter_text_replaces_a_longer_one()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var message = await parley.Client.CallAsync(HttpMethod.Post, "v1/messages", new { conversation, content = new string('x', Longest) }, HttpStatusCode.Created);
        await parley.Client.CallAsync(HttpMethod.Put, $"v1/conversations/{conversation}/messages/{message["id"]}", new { message = "short" });
        Assert.Equal("short", (await parley.Client.CallAsync(HttpMethod.Get, $"v1/messages/{message["id"]}"))["content"]!.GetValue<string>());
        await parley.Client.CallAsync(HttpMethod.Delete, $"v1/conversations/{conversation}/messages/{message["id"]}");
        Assert.Equal("", (await parley.Client.CallAsync(HttpMethod.Get, $"v1/messages/{message["id"]}"))["content"]!.GetValue<string>());
    }

    [Fact]
    public async Task Halves_of_pairs_are_refused_in_objects_too()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        foreach (var field in new[] { "contentPayload", "queryMetadata" })
        {
            var body = new Dictionary<string, object?> { ["conversation"] = conversation, ["content"] = "x", [field] = null };
            foreach (var bad in new[] { "{\"a\":\"\\ud800\"}", "{\"a\":[{\"b\":\"\\udc00\\ud800\"}]}" })
            {
                var json = System.Text.Json.JsonSerializer.Serialize(body).Replace("null", bad, StringComparison.Ordinal);
                using var content = new StringContent(json, Encoding.UTF8, "application/json");
                using var response = await parley.Client.PostAsync("v1/messages", content);
                await response.AssertProblemAsync(422, "invalid_fields", field);
            }
        }
    }

    private async Task AssertKeptAsync(string content)
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var message = await parley.Client.CallAsync(HttpMethod.Post, "v1/messages", new { conversation, content }, HttpStatusCode.Created);
        var one = await parley.Client.CallAsync(HttpMethod.Get, $"v1/messages/{message["id"]}");
        var page = await parley.Client.CallAsync(HttpMethod.Get, $"v1/messages?conversation={conversation}");
        var flat = await parley.Client.ListAsync(conversation);
        var (chat, _, _) = await parley.Client.ArrayAsync($"v1/chat-messages?chatId={conversation}");

        foreach (var kept in new[]
        {
            message["content"], one["content"], page["results"]![0]!["content"], flat["data"]![0]!["message"], chat[0]!["content"], chat[0]!["rawContent"],
        })
        {
            // Not Assert.Equal on the whole text, because a failure would print it.
            var text = kept!.GetValue<string>();
            var same = content.AsSpan().CommonPrefixLength(text);
            Assert.True(same == content.Length, $"At {same} of {text.Length} is {(same < text.Length ? (int)text[same] : -1):x}.");
            Assert.Equal(content.Length, text.Length);
        }
    }
}
