using Parley.Assistants.Providers;
using Parley.Tests.Webhooks;
using Xunit;
using static Parley.Tests.Assistants.Providers.ChatCompletionsWire;

namespace Parley.Tests.Assistants.Providers;

/// <summary>Errors within a response of status 200 are classified as their own status would be.</summary>
public class OpenAIErrorTests
{
    [Theory]
    [InlineData("""{"error":{"code":408}}""", ProviderError.Timeout)]
    [InlineData("""{"error":{"code":429}}""", ProviderError.RateLimited)]
    [InlineData("""{"error":{"code":"429"}}""", ProviderError.RateLimited)]
    [InlineData("""{"error":{"status":429}}""", ProviderError.RateLimited)]
    [InlineData("""{"error":{"message":"x","code":null},"status_code":429}""", ProviderError.RateLimited)]
    [InlineData("""{"error":{"code":429,"type":"server_error"}}""", ProviderError.RateLimited)]
    [InlineData("""{"error":{"code":503,"type":"rate_limit_error"}}""", ProviderError.Unavailable)]
    [InlineData("""{"error":{"code":400,"type":"content_filter"}}""", ProviderError.Refused)]
    [InlineData("""{"error":{"code":500,"type":"content_filter"}}""", ProviderError.Unavailable)]
    [InlineData("""{"error":{"code":"context_length_exceeded"}}""", ProviderError.BadRequest)]
    [InlineData("""{"error":{"code":null,"type":"invalid_request_error"}}""", ProviderError.BadRequest)]
    [InlineData("""{"error":{"type":"ContextWindowExceededError"}}""", ProviderError.BadRequest)]
    [InlineData("""{"error":{"type":"RateLimitError"}}""", ProviderError.RateLimited)]
    [InlineData("""{"error":{"type":"rate-limit"}}""", ProviderError.RateLimited)]
    [InlineData("""{"error":{"code":"content_policy_violation"}}""", ProviderError.Refused)]
    [InlineData("""{"error":{"code":200}}""", ProviderError.Unavailable)]
    [InlineData("""{"error":{"code":1234}}""", ProviderError.Unavailable)]
    [InlineData("""{"error":{"code":1302}}""", ProviderError.RateLimited)]
    [InlineData("""{"error":{"code":-429}}""", ProviderError.Unavailable)]
    [InlineData("""{"error":{"code":4.29e2}}""", ProviderError.Unavailable)]
    [InlineData("""{"error":{"code":{},"type":[]}}""", ProviderError.Unavailable)]
    [InlineData("""{"error":"Overloaded"}""", ProviderError.Unavailable)]
    [InlineData("""{"error":"Too fast","code":429}""", ProviderError.RateLimited)]
    [InlineData("""{"error":["x"]}""", ProviderError.Unavailable)]
    [InlineData("""{"message":"Too fast","code":429}""", ProviderError.RateLimited)]
    [InlineData("""{"object":"error","message":"Bad","type":"BadRequestError"}""", ProviderError.BadRequest)]
    public async Task An_error_without_a_status_is_known_by_its_code_or_type(string json, ProviderError error)
    {
        foreach (var (before, answer) in new[]
        {
            ("", Chunked(Event(json))),
            ("a", Chunked(Text("a") + Event(json) + Done)),
            ("a", Chunked(Text("a") + "event: error\n" + Event(json))),
            ("", System.Text.Encoding.UTF8.GetBytes(Response(200, json))),
        })
        {
            Assert.Equal((before, error), await ReadAsync(answer));
        }
    }

    [Theory]
    [InlineData("""{"error":null}""")]
    [InlineData("""{"error":""}""")]
    [InlineData("""{"error":false}""")]
    [InlineData("""{"error":{}}""")]
    [InlineData("""{"error":[]}""")]
    public async Task An_empty_error_is_none(string json) =>
        Assert.Equal(("ab", null), await ReadAsync(Chunked(Text("a") + Event(json) + Text("b") + Finish() + Done)));

    private static async Task<(string Text, ProviderError? Error)> ReadAsync(byte[] answer)
    {
        using var server = new Receiver(stream => stream.WriteAsync(answer).AsTask());
        var (parts, failure) = await ReadStreamAsync(Provider(server.Port, TimeProvider.System), TimeProvider.System);
        return (string.Concat(parts), failure?.Error);
    }
}
