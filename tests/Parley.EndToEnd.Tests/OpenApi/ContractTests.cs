using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Parley.Testing.OpenApi;
using Xunit;

namespace Parley.EndToEnd.Tests.OpenApi;

/// <summary>Deviations of responses from the document are detected.</summary>
public class ContractTests
{
    private const string Conversation = "v1/conversations/7";
    private static readonly Uri Api = new("http://localhost:7071/api/");

    [Fact]
    public async Task A_valid_response_passes() => await GetAsync(Conversation, Example());

    [Theory]
    [InlineData("a missing field", "the answer required: Required properties [\"title\"]")]
    [InlineData("an extra field", "  /extra additionalProperties: ")]
    [InlineData("an extra field below", "  /contact/extra additionalProperties: ")]
    [InlineData("a wrong type", "  /number type: ")]
    [InlineData("a null", "  /createdAt type: ")]
    [InlineData("a wrong format", "  /id format: must be of format uuid")]
    [InlineData("a wrong pattern", "  /createdAt pattern: ")]
    [InlineData("a wrong bound", "  /unreadMessagesCount minimum: -1 should be at least 0")]
    [InlineData("a wrong length", "  /title maxLength: must be at most 250")]
    [InlineData("a length of few letters with many marks", "  /title maxLength: must be at most 250")]
    [InlineData("a fraction", "  /number type: must be an integer")]
    [InlineData("a number beyond 64 bits", "  /number type: must be an integer")]
    public async Task An_invalid_body_is_detected(string wrong, string reason)
    {
        var body = Example();
        switch (wrong)
        {
            case "a missing field": body.Remove("title"); break;
            case "an extra field": body["extra"] = 1; break;
            case "an extra field below": body["contact"]!["extra"] = 1; break;
            case "a wrong type": body["number"] = "7"; break;
            case "a null": body["createdAt"] = null; break;
            case "a wrong format": body["id"] = "7"; break;
            case "a wrong pattern": body["createdAt"] = "2026-01-31T12:00:00Z"; break;
            case "a wrong bound": body["unreadMessagesCount"] = -1; break;
            case "a wrong length": body["title"] = new string('x', 251); break;
            case "a length of few letters with many marks": body["title"] = string.Concat(Enumerable.Repeat("e\u0301", 126)); break;
            case "a fraction": body["number"] = JsonNode.Parse("7.0"); break;
            case "a number beyond 64 bits": body["number"] = JsonNode.Parse("9223372036854775808"); break;
            default: throw new ArgumentOutOfRangeException(nameof(wrong), wrong, "No such case.");
        }

        var failure = await Assert.ThrowsAsync<ContractException>(() => GetAsync(Conversation, body));

        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.StartsWith("GET /api/v1/conversations/7 answered 200", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(418, "application/json", true, "not documented")]
    [InlineData(200, "text/plain", true, "Content-Type: must be application/json")]
    [InlineData(200, "application/json", false, "ETag: is missing")]
    [InlineData(500, "application/json", false, "Content-Type: must be application/problem+json")]
    public async Task An_invalid_status_type_or_header_is_detected(int status, string type, bool tagged, string reason)
    {
        var failure = await Assert.ThrowsAsync<ContractException>(() => SendAsync(HttpMethod.Get, Conversation, status, type, Example().ToJsonString(), tagged ? [("ETag", "\"1\"")] : []));

        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ETag", "\"one\"", "ETag: pattern: ")]
    [InlineData("X-Extra", "1", "X-Extra: is a header that is not documented")]
    public async Task An_invalid_header_value_is_detected(string name, string value, string reason)
    {
        (string, string)[] headers = name == "ETag" ? [(name, value)] : [("ETag", "\"1\""), (name, value)];
        var failure = await Assert.ThrowsAsync<ContractException>(() => SendAsync(HttpMethod.Get, Conversation, 200, "application/json", Example().ToJsonString(), headers));

        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "v1/nothing", 200, "must be a 404")]
    [InlineData("GET", "v1/conversations//", 200, "must be a 404")]
    [InlineData("DELETE", "v1/conversations", 404, "must be a 405")]
    [InlineData("DELETE", "v1/conversations", 405, "Allow: is missing")]
    public async Task Undocumented_paths_and_methods_are_detected(string method, string path, int status, string reason)
    {
        var failure = await Assert.ThrowsAsync<ContractException>(() => SendAsync(new HttpMethod(method), path, status, "application/problem+json", "{}", []));

        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_literal_segment_takes_precedence_over_a_parameter()
    {
        const string Sent = """{"success":"true","data":{"status":"sent","message_id":"1","conversation_id":"1"}}""";

        await SendAsync(HttpMethod.Post, "v1/conversations/1/messages/media/", 200, "application/json", Sent, []);
        var failure = await Assert.ThrowsAsync<ContractException>(() => SendAsync(HttpMethod.Put, "v1/conversations/1/messages/media", 200, "application/json", Sent, [("ETag", "\"1\"")]));

        Assert.Contains("/data required: Required properties [\"id\"", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text/csv", "a,b\r\n", "chat_messages_1.csv", null)]
    [InlineData("application/jsonl", "", "chat_messages_1.jsonl", null)]
    [InlineData("text/csv", "", "chat_messages_1.csv", "the answer minLength: ")]
    [InlineData("text/plain", "a,b\r\n", "chat_messages_1.csv", "Content-Type: must be ")]
    [InlineData("text/csv", "a,b\r\n", "messages.csv", "Content-Disposition: pattern: ")]
    public async Task Files_are_checked_against_the_document_too(string type, string body, string name, string? reason)
    {
        (string, string)[] headers = [("Content-Disposition", $"attachment; filename=\"{name}\""), ("Repr-Digest", $"sha-256=:{new string('A', 43)}=:"), ("ETag", $"\"{new string('0', 64)}\"")];
        var sent = SendAsync(HttpMethod.Get, "v1/exports/1/content", 200, type, body, headers);
        if (reason is null)
        {
            await sent;
            return;
        }

        Assert.Contains(reason, (await Assert.ThrowsAsync<ContractException>(() => sent)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Responses_of_other_servers_pass() => await SendAsync(HttpMethod.Get, "http://127.0.0.1:10000/files/x", 200, "image/png", "x", []);

    private static JsonObject Example() => OpenApiContract.Document.Root["components"]!["examples"]!["Conversation"]!["value"]!.DeepClone().AsObject();

    private static Task GetAsync(string path, JsonObject body) => SendAsync(HttpMethod.Get, path, 200, "application/json", body.ToJsonString(), [("ETag", "\"1\"")]);

    private static async Task SendAsync(HttpMethod method, string path, int status, string type, string body, (string Name, string Value)[] headers)
    {
        using var client = new HttpClient(new ContractHandler(Api) { InnerHandler = new Canned(status, type, body, headers) }) { BaseAddress = Api };
        using var request = new HttpRequestMessage(method, path);
        using var response = await client.SendAsync(request);
        Assert.Equal(body, await response.Content.ReadAsStringAsync());
    }

    private sealed class Canned(int status, string type, string body, (string Name, string Value)[] headers) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, type) };
            foreach (var (name, value) in headers)
            {
                // Content headers belong to the content.
                if (!response.Headers.TryAddWithoutValidation(name, value))
                {
                    response.Content.Headers.TryAddWithoutValidation(name, value);
                }
            }

            return Task.FromResult(response);
        }
    }
}
