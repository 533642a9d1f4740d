using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Parley.EndToEnd.Tests.Zaia;
using Parley.Testing;
using Xunit;

namespace Parley.EndToEnd.Tests;

/// <summary>The same request in the forms in which clients send it: media types, marks, times and parts.</summary>
public class RequestFormTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    [Theory]
    [InlineData("application/json; charset=utf8")]
    [InlineData("application/json; charset=us-ascii")]
    [InlineData("application/json; charset=\"utf-8\"")]
    [InlineData("application/json; charset=iso-8859-1")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("application/json; utf-8")]
    [InlineData("application/json;")]
    public async Task The_charset_of_json_has_no_effect(string type)
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var response = await SendAsync(conversation, """{"message":"né 😀"}"""u8.ToArray(), type);

        await response.ReadAsync();
        Assert.Equal("né 😀", (await parley.Client.MessageAsync(conversation))["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_byte_order_mark_before_json_is_skipped()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var response = await SendAsync(conversation, [0xEF, 0xBB, 0xBF, .. """{"message":"né"}"""u8], "application/json");
        using var utf16 = await SendAsync(
            conversation, [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("""{"message":"né"}""")], "application/json; charset=utf-16");

        await response.ReadAsync();
        Assert.Equal("né", (await parley.Client.MessageAsync(conversation))["message"]!.GetValue<string>());
        await utf16.AssertProblemAsync(400, "malformed_json");
    }

    [Theory]
    [InlineData("t12:00:00z", "12:00:00")]
    [InlineData(" 12:00:00.5+00:00", "12:00:00.5")]
    [InlineData("T12:00:00.000-00:00", "12:00:00")]
    [InlineData("T12:00:00.500000000000000000-07:30", "19:30:00.5")]
    [InlineData("t23:59:30+23:59", "00:00:30")]
    public async Task A_due_date_has_any_spelling(string sent, string time)
    {
        var chat = await parley.Client.NewAnsweredChatAsync();
        var day = TimeProvider.System.GetUtcNow().UtcDateTime.Date.AddDays(30);
        var due = $"{day:yyyy-MM-dd}{sent}";
        var followUp = await parley.Client.CallAsync(
            HttpMethod.Post,
            "v1/chat-message-follow-ups",
            new { chatId = chat["chatId"], dueDate = due, message = "Later" },
            HttpStatusCode.Created);

        Assert.Equal(day + TimeSpan.Parse(time, CultureInfo.InvariantCulture), ApiHelpers.Time(followUp["dueDate"]).UtcDateTime);
    }

    [Fact]
    public async Task A_leap_second_is_the_first_second_of_the_next_day()
    {
        var conversation = await parley.Client.NewConversationAsync();
        var day = TimeProvider.System.GetUtcNow().UtcDateTime.Date.AddDays(30);
        foreach (var leap in new[] { $"{day:yyyy-MM-dd}T23:59:60Z", $"{day:yyyy-MM-dd}t15:59:60.000-08:00" })
        {
            var changed = await parley.Client.CallAsync(
                HttpMethod.Patch, $"v1/conversations/{conversation["id"]}", new { handedOffUntil = leap });
            Assert.Equal(day.AddDays(1), ApiHelpers.Time(changed["handedOffUntil"]).UtcDateTime);
        }

        await parley.Client.RefusedAsync(
            HttpMethod.Patch,
            $"v1/conversations/{conversation["id"]}",
            new { handedOffUntil = $"{day:yyyy-MM-dd}T23:58:60Z" },
            422,
            "invalid_fields",
            "handedOffUntil");
    }

    [Theory]
    [InlineData("2026-01-01t00:00:00z")]
    [InlineData("2026-01-01T23:59:60Z")]
    [InlineData("2026-01-01%2000:00:00Z")]
    [InlineData("2026-01-01+00:00:00+02:00")]
    [InlineData("2026-01-01T00:00:00.0000000001-23:59")]
    public async Task A_time_of_a_query_has_any_spelling(string from)
    {
        var chatbot = await parley.Client.NewChatbotAsync();

        await parley.Client.CallAsync(HttpMethod.Get, $"v1/chatbots/{chatbot["id"]}/records?from={from}");
        await parley.Client.RefusedAsync(
            HttpMethod.Get, $"v1/chatbots/{chatbot["id"]}/records?from={from}x", null, 422, "invalid_fields", "from");
    }

    [Fact]
    public async Task Unknown_and_repeated_parts_are_ignored()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        var body = Part("name=\"tag\"", "a") + Part("name=\"tag\"", "b") + Part("name=\"message\"", "first")
            + Part("name=\"file\"; filename=\"a.txt\"", "bytes") + Part("name=\"thumb\"; filename=\"t.bin\"", "\0\u0001")
            + Part("name=\"message\"", "second") + "--b--";
        using var response = await parley.Client.SendRawAsync(conversation, body, "multipart/form-data; boundary=b; charset=utf8");
        await response.ReadAsync();
        var message = await parley.Client.MessageAsync(conversation);

        Assert.Equal("first", message["message"]!.GetValue<string>());
        Assert.Equal("a.txt", message["file"]!["name"]!.GetValue<string>());
        Assert.Equal(5, message["file"]!["size"]!.GetValue<long>());
    }

    [Theory]
    [InlineData("filename=\"invoice.pdf\"; filename*=UTF-8''r%2", "invoice.pdf")]
    [InlineData("filename=\"a.pdf\"; filename*=UTF-8''it's%20(1)*.pdf", "it's (1)*.pdf")]
    [InlineData("filename=\"=?utf-8?Q?na=C3=AFve.pdf?=\"", "naïve.pdf")]
    [InlineData("filename=\"a\u202Efdp.exe\"", "afdp.exe")]
    public async Task A_file_name_is_read(string parameters, string name)
    {
        var message = await UploadAsync(parameters);

        Assert.Equal(name, message["file"]!["name"]!.GetValue<string>());
        using var http = new HttpClient();
        using var fetched = await http.GetAsync(new Uri(message["file_temporary_url"]!.GetValue<string>()));
        Assert.Equal(name, fetched.Content.Headers.ContentDisposition!.FileNameStar);
    }

    [Fact]
    public async Task A_long_file_name_keeps_its_extension()
    {
        var message = await UploadAsync($"filename=\"{new string('a', 300)}.pdf\"");

        Assert.Equal(new string('a', 246) + ".pdf", message["file"]!["name"]!.GetValue<string>());
    }

    private static string Part(string parameters, string content) =>
        $"--b\r\nContent-Disposition: form-data; {parameters}\r\n\r\n{content}\r\n";

    private async Task<JsonNode> UploadAsync(string parameters)
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var response = await parley.Client.SendRawAsync(
            conversation, Part($"name=\"file\"; {parameters}", "x") + "--b--", "multipart/form-data; boundary=b");
        await response.ReadAsync();
        return await parley.Client.MessageAsync(conversation);
    }

    private async Task<HttpResponseMessage> SendAsync(int conversation, byte[] body, string type)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        return await parley.Client.PostAsync($"v1/conversations/{conversation}/messages", content);
    }
}
