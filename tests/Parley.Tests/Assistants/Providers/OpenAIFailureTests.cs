using System.Net;
using System.Text;
using Parley.Assistants.Providers;
using Parley.Testing;
using Parley.Tests.Webhooks;
using Parley.Tests.DevHost;
using Xunit;
using static Parley.Tests.Assistants.Providers.ChatCompletionsWire;

namespace Parley.Tests.Assistants.Providers;

/// <summary>Every kind of failure of a provider on the wire.</summary>
public class OpenAIFailureTests
{
    private readonly ManualTime time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    [Theory]
    [InlineData(408, null, ProviderError.Timeout)]
    [InlineData(429, null, ProviderError.RateLimited)]
    [InlineData(429, "insufficient_quota", ProviderError.RateLimited)]
    [InlineData(400, "content_filter", ProviderError.Refused)]
    [InlineData(400, "context_length_exceeded", ProviderError.BadRequest)]
    [InlineData(401, "invalid_api_key", ProviderError.BadRequest)]
    [InlineData(403, null, ProviderError.BadRequest)]
    [InlineData(404, "model_not_found", ProviderError.BadRequest)]
    [InlineData(413, null, ProviderError.BadRequest)]
    [InlineData(422, null, ProviderError.BadRequest)]
    [InlineData(499, null, ProviderError.BadRequest)]
    [InlineData(500, null, ProviderError.Unavailable)]
    [InlineData(500, "content_filter", ProviderError.Unavailable)]
    [InlineData(502, null, ProviderError.Unavailable)]
    [InlineData(503, null, ProviderError.Unavailable)]
    [InlineData(504, null, ProviderError.Unavailable)]
    [InlineData(529, null, ProviderError.Unavailable)]
    [InlineData(201, null, ProviderError.Unavailable)]
    [InlineData(204, null, ProviderError.Unavailable)]
    [InlineData(301, null, ProviderError.Unavailable)]
    [InlineData(307, null, ProviderError.Unavailable)]
    public async Task The_status_determines_the_error(int status, string? code, ProviderError error)
    {
        Assert.Equal(error, new OpenAIError(null, code is null ? [] : [code]).Classify(status));
        var body = status == 204 ? "" : $$$"""{"error":{"message":"That is wrong.","type":"t","param":null,"code":{{{(code is null ? "null" : $"\"{code}\"")}}}}}""";
        using var server = new Receiver(Response(status, body, "Location: http://127.0.0.1:1/\r\n"));

        var (parts, failure) = await ReadStreamAsync(server);

        Assert.Equal(error, failure!.Error);
        Assert.Equal($"HTTP {status}" + (code is null ? "" : $" ({code})"), failure.Message);
        Assert.Null(failure.InnerException);
        Assert.Null(failure.RetryAfter);
        Assert.Empty(parts);
        Assert.Equal(1, server.Connections);
    }

    [Theory]
    [InlineData("7", 7)]
    [InlineData("0", null)]
    [InlineData("-5", null)]
    [InlineData("soon", null)]
    [InlineData("3600", 3600)]
    [InlineData("3601", 3600)]
    [InlineData("99999999999999999999999", 3600)]
    [InlineData("Sun, 01 Mar 2026 12:00:30 GMT", 30)]
    [InlineData("Sun, 01 Mar 2026 11:59:30 GMT", null)]
    [InlineData("Sun, 01 Mar 2099 12:00:00 GMT", 3600)]
    public async Task Retry_after_is_seconds_or_a_date(string header, int? seconds)
    {
        using var server = new Receiver(Response(429, """{"error":{"message":"Slow down."}}""", $"Retry-After: {header}\r\n"));

        var (_, failure) = await ReadStreamAsync(server);

        Assert.Equal((ProviderError.RateLimited, seconds is { } wait ? TimeSpan.FromSeconds(wait) : null), (failure!.Error, failure.RetryAfter));
    }

    [Theory]
    [InlineData("""{"error":"Overloaded"}""", "")]
    [InlineData("""["content_filter"]""", "")]
    [InlineData("content_filter", "")]
    [InlineData("<html>\r\n<h1>Bad gateway</h1>", "")]
    [InlineData("""{"error":{"message":"content_filter","code":"mine","type":"yours"}}""", "")]
    [InlineData("""{"error":{"code":"invalid_api_key","type":"invalid_request_error"}}""", " (invalid_api_key, invalid_request_error)")]
    [InlineData("""{"error":{"code":"RateLimitError","type":"rate-limit"}}""", " (rate_limit_error)")]
    [InlineData("""{"error":{"code":1301,"type":"mine"}}""", " (1301)")]
    [InlineData("""{"error":{"code":999}}""", "")]
    [InlineData("""{"error":{"metadata":{"flagged_input":"mine"}}}""", " (content_filter)")]
    public async Task The_detail_has_the_names_that_Parley_knows(string body, string names)
    {
        using var server = new Receiver(Response(500, body));

        var (_, failure) = await ReadStreamAsync(server);

        Assert.Equal("HTTP 500" + names, failure!.Message);
    }

    [Fact]
    public async Task An_error_body_that_cannot_be_read_is_determined_by_its_status()
    {
        using var server = new Receiver(Response(429, """{"error":{"c\ud83d":1,"code\ud83d":"x","code":"\ud83d"},"\ud83d":1,"s\ud83d":2}"""));

        var (_, failure) = await ReadStreamAsync(server);

        Assert.Equal((ProviderError.RateLimited, "HTTP 429"), (failure!.Error, failure.Message));
    }

    [Fact]
    public async Task An_error_without_its_body_is_determined_by_its_status()
    {
        using var server = new Receiver(async stream =>
        {
            await stream.WriteAsync("HTTP/1.1 429 X\r\nRetry-After: 9\r\nContent-Length: 99\r\n\r\nHalf a"u8.ToArray());
            await GoneAsync(stream);
        });
        var start = time.GetUtcNow();
        var reading = ReadStreamAsync(server);
        await TimerSetAsync(time, start + OpenAIErrorHandler.MaxBodyTime);
        time.Advance(OpenAIErrorHandler.MaxBodyTime);

        var failure = (await reading.WaitAsync(Wait.Limit)).Failure!;
        Assert.Equal((ProviderError.RateLimited, TimeSpan.FromSeconds(9)), (failure.Error, failure.RetryAfter));
    }

    public static TheoryData<string, ProviderError, string> BrokenStreams => new()
    {
        { "", ProviderError.Unavailable, "The answer is no stream of events, or ended too early." },
        { Delta("""{"role":"assistant","content":""}"""), ProviderError.Unavailable, "The answer is no stream of events, or ended too early." },
        { Text("a") + "data: {\"choices\":[{\"index\"", ProviderError.Unavailable, "The answer is no stream of events, or ended too early." },
        { "{\"id\":\"c1\",\"object\":\"chat.completion\",\"choices\":[{\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}", ProviderError.Unavailable, "The answer is no stream of events, or ended too early." },
        { "<!doctype html>\n<p>Welcome</p>\n\n", ProviderError.Unavailable, "The answer is no stream of events, or ended too early." },
        { "data: <p>Welcome</p>\n\n", ProviderError.Unavailable, "JsonException" },
        { Text("a") + "data: {oops\n\n" + Done, ProviderError.Unavailable, "JsonException" },
        { Event("""{"choices":{}}""") + Done, ProviderError.Unavailable, "JsonException" },
        { Event("5") + Done, ProviderError.Unavailable, "JsonException" },
        { Text("a") + Event("""{"error":{"message":"Overloaded, sk-test-0123456789abcdef","code":503}}""") + Done, ProviderError.Unavailable, "The provider broke off with status 503." },
        { Text("a") + Event("""{"error":"Overloaded"}"""), ProviderError.Unavailable, "The provider broke off." },
        { Text("a") + Event("""{"error":{"message":"Lost"},"choices":[{"delta":{"content":"b"},"finish_reason":"error"}]}""") + Done, ProviderError.Unavailable, "The provider broke off." },
        { Text("a") + Finish("error") + Done, ProviderError.Unavailable, "The provider ended the reply with error." },
        { "event: error\ndata: Overloaded, sk-test-0123456789abcdef\n\n", ProviderError.Unavailable, "The provider broke off." },
        { Text("a") + "event: error\n" + Event("""{"message":"Lost"}""") + Done, ProviderError.Unavailable, "The provider broke off." },
        { Text("a") + Event("""{"object":"error","message":"Lost","code":400,"type":"invalid_model"}""") + Done, ProviderError.BadRequest, "The provider broke off with status 400 (invalid_model)." },
        { Text("a") + Finish() + Text("b"), ProviderError.Unavailable, "The answer is no stream of events, or ended too early." },
        { Text("a") + Finish("null") + Delta("{}", "\"\""), ProviderError.Unavailable, "The answer is no stream of events, or ended too early." },
        { Text("a") + Finish("abort") + Done, ProviderError.Unavailable, "The provider ended the reply with abort." },
        { Text("a") + Finish("new\\nreason") + Done, ProviderError.Unavailable, "The provider ended the reply with an unknown reason." },
        { Text("a") + Finish() + Finish("abort") + Done, ProviderError.Unavailable, "The provider ended the reply with abort." },
        { Finish() + Done, ProviderError.Empty, "The provider's reply has no text." },
        { Text("") + Finish("length") + Done, ProviderError.Empty, "The provider's reply has no text." },
        { Text(" \n\t") + Finish() + Done, ProviderError.Empty, "The provider's reply has no text." },
        { Text(" \u200b") + Text("\u2060\u3164") + Finish() + Done, ProviderError.Empty, "The provider's reply has no text." },
        { Text(" ") + Event("""{"choices":[{"delta":{"content":5}}]}""") + Done, ProviderError.Unavailable, "The content of the provider's message is a Number." },
        { Text("a") + Finish("content_filter") + Done, ProviderError.Refused, "The provider's content filter ended the reply." },
        { Text("a") + Delta("""{"content":"b"}""", "\"content_filter\""), ProviderError.Refused, "The provider's content filter ended the reply." },
        { Delta("""{"role":"assistant","content":"","refusal":null}""") + Delta("""{"refusal":"I'm "}""") + Delta("""{"refusal":"sorry"}""") + Finish() + Done, ProviderError.Refused, "The model refused." },
        { Text("a") + Delta("""{"content":"b","refusal":"No"}""") + Finish() + Done, ProviderError.Refused, "The model refused." },
    };

    [Theory]
    [MemberData(nameof(BrokenStreams))]
    public async Task An_incomplete_or_invalid_stream_fails(string events, ProviderError error, string detail)
    {
        using var server = new Receiver(stream => stream.WriteAsync(Chunked(events, 5, 30)).AsTask());

        var (parts, failure) = await ReadStreamAsync(server);

        Assert.Equal(error, failure!.Error);
        Assert.StartsWith(detail, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, failure.ToString(), StringComparison.Ordinal);
        Assert.InRange(failure.Message.Length, 1, 250);
        Assert.Equal(events.Contains("\"b\"", StringComparison.Ordinal) && (error == ProviderError.Refused || !events.Contains("error", StringComparison.Ordinal)) ? "ab" : events.StartsWith(Text("a"), StringComparison.Ordinal) ? "a" : "", string.Concat(parts));
    }

    [Theory]
    [InlineData("data: ")]
    [InlineData("data: x\ndata: ")]
    [InlineData("")]
    public async Task An_event_without_an_end_fails(string begun)
    {
        var head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
        using var server = new Receiver(async stream =>
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(head + Text("a") + begun));
            var line = new byte[64 * 1024];
            Array.Fill(line, (byte)'x');
            for (var i = 0; i < 1000; i++)
            {
                await stream.WriteAsync(line);
            }
        });

        var (parts, failure) = await ReadStreamAsync(server);

        Assert.Equal(ProviderError.Unavailable, failure!.Error);
        Assert.Equal("An event of the provider is longer than 1048576 bytes.", failure.Message);
        Assert.Equal(["a"], parts);
    }

    [Theory]
    [InlineData("")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/event")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\ndata: {}\n\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{\"choices\":[]}")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]
    public async Task A_response_that_is_not_a_stream_fails(string answer)
    {
        using var server = new Receiver(answer);

        var (parts, failure) = await ReadStreamAsync(server);

        Assert.Equal(ProviderError.Unavailable, failure!.Error);
        Assert.NotEmpty(failure.Message);
        Assert.Empty(parts);
    }

    [Fact]
    public async Task A_refused_connection_is_unavailable()
    {
        var (_, failure) = await ChatCompletionsWire.ReadStreamAsync(Provider(FreePort(), time), time);

        Assert.Equal(ProviderError.Unavailable, failure!.Error);
        Assert.EndsWith("HttpRequestException (ConnectionError), SocketException (ConnectionRefused)", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_without_TLS_is_unavailable()
    {
        using var plain = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        plain.Start();
        var reading = ChatCompletionsWire.ReadStreamAsync(Provider(((IPEndPoint)plain.LocalEndpoint).Port, time, "https"), time);
        using (var connection = await plain.AcceptTcpClientAsync())
        {
            await connection.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray());
        }

        Assert.Equal(ProviderError.Unavailable, (await reading.WaitAsync(Wait.Limit)).Failure!.Error);
    }

    [Fact]
    public async Task A_reset_before_the_response_is_unavailable()
    {
        using var server = new Receiver(stream =>
        {
            Reset(stream);
            return Task.CompletedTask;
        });

        Assert.Equal(ProviderError.Unavailable, (await ReadStreamAsync(server)).Failure!.Error);
    }

    [Fact]
    public async Task A_reset_within_the_response_is_unavailable()
    {
        var read = new TaskCompletionSource();
        using var server = new Receiver(async stream =>
        {
            await stream.WriteAsync(Beginning(Text("One ")));
            await read.Task;
            Reset(stream);
        });
        var provider = Provider(server.Port, time);
        using var client = provider.Client;
        await using var parts = ProviderStream.ReadAsync(provider, Hello, new(), Ignore, time, CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await parts.MoveNextAsync());
        Assert.Equal("One ", parts.Current);
        read.SetResult();

        Assert.Equal(ProviderError.Unavailable, (await Assert.ThrowsAsync<AssistantException>(() => parts.MoveNextAsync().AsTask().WaitAsync(Wait.Limit))).Error);
    }

    private Task<(List<string> Parts, AssistantException? Failure)> ReadStreamAsync(Receiver server) =>
        ChatCompletionsWire.ReadStreamAsync(Provider(server.Port, time), time);
}
