using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Parley.Testing;
using Parley.Testing.OpenApi;
using Xunit;

namespace Parley.EndToEnd.Tests;

public class ProblemTests(ParleyFixture parley) : IClassFixture<ParleyFixture>
{
    [Theory]
    [InlineData("per_page=0", "per_page")]
    [InlineData("per_page=101", "per_page")]
    [InlineData("per_page=abc", "per_page")]
    [InlineData("per_page=1.5", "per_page")]
    [InlineData("page=0", "page")]
    [InlineData("page=-1", "page")]
    [InlineData("page=99999999999", "page")]
    [InlineData("page=2%00", "page")]
    [InlineData("page=+2", "page")]
    [InlineData("order=up", "order")]
    [InlineData("page=x&per_page=x&order=x", "page", "per_page", "order")]
    public async Task Invalid_parameters_are_refused(string query, params string[] fields)
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var response = await parley.Client.GetAsync($"v1/conversations/{conversation}/messages?{query}");

        await response.AssertProblemAsync(422, "invalid_fields", fields);
    }

    [Theory]
    [InlineData("{\"message\":", 400, "malformed_json")]
    [InlineData("", 400, "malformed_json")]
    [InlineData("[]", 400, "malformed_json")]
    [InlineData("\"text\"", 400, "malformed_json")]
    [InlineData("{\"message\":\"a\",\"message\":\"b\"}", 400, "malformed_json")]
    [InlineData("{\"message\":\"a\",\"\\ud800\":1}", 400, "malformed_json")]
    [InlineData("{\"message\":\"a\",\"x\":{\"\\ud800\":1}}", 400, "malformed_json")]
    [InlineData("{}", 422, "invalid_fields", "message")]
    [InlineData("{\"message\":null}", 422, "invalid_fields", "message")]
    [InlineData("{\"message\":\"\"}", 422, "invalid_fields", "message")]
    [InlineData("{\"message\":17}", 422, "invalid_fields", "message")]
    [InlineData("{\"message\":\"a\\u0000b\"}", 422, "invalid_fields", "message")]
    [InlineData("{\"message\":\"\\ud83d\"}", 422, "invalid_fields", "message")]
    [InlineData("{\"message\":\"x\",\"quoted_message_id\":99}", 422, "invalid_fields", "quoted_message_id")]
    [InlineData("{\"message\":\"x\",\"quoted_message_id\":\"nonsense\"}", 422, "invalid_fields", "quoted_message_id")]
    [InlineData("{\"message\":\"x\",\"quoted_message_id\":{}}", 422, "invalid_fields", "quoted_message_id")]
    [InlineData("{\"message\":\"x\",\"sender\":\"5b1f2a36-9d0a-4f5e-8a55-2f6f0a1b2c3d\"}", 422, "invalid_fields", "sender")]
    [InlineData("{\"message\":7,\"sender\":{},\"quoted_message_id\":-1}", 422, "invalid_fields", "message", "sender", "quoted_message_id")]
    public async Task Invalid_bodies_are_refused(string body, int status, string code, params string[] fields)
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await parley.Client.PostAsync($"v1/conversations/{conversation}/messages", content);

        await response.AssertProblemAsync(status, code, fields);
        Assert.Empty((await parley.Client.ListAsync(conversation))["data"]!.AsArray());
    }

    [Fact]
    public async Task A_message_of_6000_characters_is_refused()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var response = await parley.Client.SendJsonAsync(HttpMethod.Post, $"v1/conversations/{conversation}/messages", new { message = new string('x', 6000) });

        await response.AssertProblemAsync(422, "invalid_fields", "message");
    }

    [Fact]
    public async Task A_body_that_nests_too_deep_or_is_not_utf_8()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var deep = new StringContent($"{{\"x\":{new string('[', 5000)}", Encoding.UTF8, "application/json");
        using var latin = new ByteArrayContent([.. "{\"message\":\"caf"u8, 0xE9, .. "\"}"u8]);
        latin.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        foreach (var body in new HttpContent[] { deep, latin })
        {
            using var response = await parley.Client.PostAsync($"v1/conversations/{conversation}/messages", body);
            await response.AssertProblemAsync(400, "malformed_json");
        }
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("text/plain; charset=utf-8")]
    public async Task Another_media_type(string type)
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var content = new ByteArrayContent("{\"message\":\"x\"}"u8.ToArray());
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        using var response = await parley.Client.PostAsync($"v1/conversations/{conversation}/messages", content);

        await response.AssertProblemAsync(415, "unsupported_media_type");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_over_the_limit(bool hasContentLength)
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"v1/conversations/{conversation}/messages")
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes($"{{\"message\":\"{new string('x', 300_000)}\"}}")),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TransferEncodingChunked = !hasContentLength;
        using var response = await parley.Client.SendAsync(request);

        await response.AssertProblemAsync(413, "body_too_large");
    }

    [Theory]
    [InlineData("GET", "v1/conversations/999999")]
    [InlineData("GET", "v1/conversations/0")]
    [InlineData("GET", "v1/conversations/nonsense")]
    [InlineData("GET", "v1/conversations/%27%20or%201")]
    [InlineData("GET", "v1/conversations/a%2Fb")]
    [InlineData("GET", "v1/conversations/5b1f2a36-9d0a-4f5e-8a55-2f6f0a1b2c3d")]
    [InlineData("GET", "v1/conversations/999999/messages")]
    [InlineData("POST", "v1/conversations/999999/messages")]
    [InlineData("PUT", "v1/conversations/999999/messages/4194305")]
    [InlineData("DELETE", "v1/conversations/999999/messages/4194305")]
    public async Task Unknown_conversations(string method, string path)
    {
        using var response = await parley.Client.SendJsonAsync(new HttpMethod(method), path, method is "GET" or "DELETE" ? null : new { message = "x" });

        await response.AssertProblemAsync(404, "conversation_not_found");
    }

    [Fact]
    public async Task Unknown_messages()
    {
        var (conversation, other) = (await parley.Client.CreateConversationAsync(), await parley.Client.CreateConversationAsync());
        var mine = await parley.Client.PostAsync(conversation, "mine");
        var others = await parley.Client.PostAsync(other, "other");
        foreach (var id in new[] { $"{mine + 1}", $"{others}", "1", "nonsense", "5b1f2a36-9d0a-4f5e-8a55-2f6f0a1b2c3d" })
        {
            using var response = await parley.Client.SendJsonAsync(HttpMethod.Put, $"v1/conversations/{conversation}/messages/{id}", new { message = "x" });
            await response.AssertProblemAsync(404, "message_not_found");
        }
    }

    [Fact]
    public async Task Another_tenants_ids_are_unknown_ids()
    {
        var other = parley.NewClient((await parley.CreateTenantAsync("Other")).ApiKey);
        using var created = await other.SendJsonAsync(HttpMethod.Post, "v1/conversations", new { title = "secret" });
        var theirs = (await created.ReadAsync(HttpStatusCode.Created))["id"]!.GetValue<string>();
        var id = await other.PostAsync(1, "secret");

        foreach (var (method, path, body) in new (HttpMethod, string, object?)[]
        {
            (HttpMethod.Get, $"v1/conversations/{theirs}", null),
            (HttpMethod.Get, $"v1/conversations/{theirs}/messages", null),
            (HttpMethod.Post, $"v1/conversations/{theirs}/messages", new { message = "x" }),
            (HttpMethod.Put, $"v1/conversations/{theirs}/messages/{id}", new { message = "x" }),
            (HttpMethod.Delete, $"v1/conversations/{theirs}/messages/{id}", null),
        })
        {
            using var response = await parley.Client.SendJsonAsync(method, path, body);
            await response.AssertProblemAsync(404, "conversation_not_found");
        }

        var unchanged = await other.ListAsync(1);
        Assert.Equal("secret", Assert.Single(unchanged["data"]!.AsArray())!["message"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("GET", "v1/nothing", 404, null)]
    [InlineData("GET", "", 404, null)]
    [InlineData("POST", "v1/conversations/1/messages/2/3", 404, null)]
    [InlineData("DELETE", "v1/conversations", 405, "GET, HEAD, POST")]
    [InlineData("DELETE", "v1/conversations/1/messages", 405, "GET, HEAD, POST")]
    [InlineData("DELETE", "V1/Conversations/1/Messages/", 405, "GET, HEAD, POST")]
    [InlineData("GET", "v1/conversations/1/messages//", 404, null)]
    [InlineData("OPTIONS", "v1/conversations/1", 405, "GET, HEAD, PATCH")]
    [InlineData("BREW", "v1/conversations/1", 405, "GET, HEAD, PATCH")]
    public async Task Unknown_paths_and_wrong_methods_are_refused(string method, string path, int status, string? allow)
    {
        using var response = await parley.NewClient(token: null).SendJsonAsync(new HttpMethod(method), path, null);

        await response.AssertProblemAsync(status, status == 404 ? "route_not_found" : "method_not_allowed");
        Assert.Equal(allow, response.Content.Headers.Allow.Count > 0 ? string.Join(", ", response.Content.Headers.Allow) : null);
    }

    [Theory]
    [InlineData("v1/chat-messages/export", 405)]
    [InlineData("v1/nothing", 404)]
    public async Task Head_of_a_path_without_get_is_refused_without_a_body(string path, int status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, path);
        using var response = await parley.Client.SendAsync(request);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task A_trailing_slash_is_the_same_path()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var response = await parley.Client.GetAsync($"v1/conversations/{conversation}/messages/");

        Assert.EndsWith($"/conversations/{conversation}/messages", (await response.ReadAsync())["meta"]!["path"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\tb")]
    public async Task A_bad_idempotency_key(string key)
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var response = await RawAsync(
            $"POST {parley.Api.AbsolutePath}v1/conversations/{conversation}/messages HTTP/1.1\r\nHost: x\r\nAuthorization: {parley.ApiKey}\r\n"
            + $"Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{{\"message\":\"x\"}}");

        await response.AssertProblemAsync(422, "invalid_fields", "Idempotency-Key");
    }

    [Fact]
    public async Task A_bad_idempotency_key_is_named_with_the_other_fields()
    {
        using var response = await parley.Client.SendJsonAsync(HttpMethod.Post, "v1/conversations", new { title = 5 }, ("Idempotency-Key", new string('x', 256)));

        await response.AssertProblemAsync(422, "invalid_fields", "title", "Idempotency-Key");
    }

    [Theory]
    [InlineData("gzip", 415)]
    [InlineData("identity", 200)]
    public async Task Encodings(string encoding, int status)
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var content = new StringContent("{\"message\":\"x\"}");
        content.Headers.ContentType = null;
        content.Headers.ContentEncoding.Add(encoding);
        using var response = await parley.Client.PostAsync($"v1/conversations/{conversation}/messages", content);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task A_long_idempotency_key()
    {
        var conversation = await parley.Client.CreateConversationAsync();
        using var taken = await parley.Client.SendJsonAsync(
            HttpMethod.Post, $"v1/conversations/{conversation}/messages", new { message = "x" }, ("Idempotency-Key", new string('/', 255)));
        using var refused = await parley.Client.SendJsonAsync(
            HttpMethod.Post, $"v1/conversations/{conversation}/messages", new { message = "x" }, ("Idempotency-Key", new string('/', 256)));

        await taken.ReadAsync();
        await refused.AssertProblemAsync(422, "invalid_fields", "Idempotency-Key");
    }

    /// <summary>Sends bytes that HttpClient would not send, and reads the response.</summary>
    private async Task<HttpResponseMessage> RawAsync(string request)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(parley.Api.Host, parley.Api.Port);
        await socket.GetStream().WriteAsync(Encoding.UTF8.GetBytes(request));
        using var reader = new StreamReader(socket.GetStream(), Encoding.UTF8);
        var parts = (await reader.ReadToEndAsync()).Split("\r\n\r\n", 2);
        var lines = parts[0].Split("\r\n");
        var start = request.Split(' ', 3);
        var response = new HttpResponseMessage((HttpStatusCode)int.Parse(lines[0].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture)) { Content = new StringContent(parts[1]) };
        response.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(lines.First(line => line.StartsWith("Content-Type:", StringComparison.Ordinal))[13..]);
        await OpenApiContract.Document.ValidateAsync(new HttpMethod(start[0]), parley.Api, new Uri(parley.Api, start[1]), response);
        return response;
    }
}
