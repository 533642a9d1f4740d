using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Parley.Assistants.Providers;
using Parley.Testing;
using Parley.Tests.Webhooks;
using Xunit;
using static Parley.Tests.Assistants.Providers.ChatCompletionsWire;

namespace Parley.Tests.Assistants.Providers;

/// <summary>The requests that a provider receives.</summary>
public class OpenAIRequestTests
{
    private static readonly ChatMessage[] Conversation =
    [
        new(ChatRole.System, "Be brief."), new(ChatRole.User, "Olá, \"you\" 🙂"), new(ChatRole.Assistant, "Hello."), new(ChatRole.User, [new TextContent("One, "), new TextContent("two")]),
    ];

    [Fact]
    public async Task Messages_are_roles_and_texts_and_nothing_is_added()
    {
        var (head, body) = await EnqueueAsync("/v1", new ChatOptions { Temperature = 0.3f, MaxOutputTokens = 70, TopP = 0.5f, StopSequences = ["x"] });

        Assert.StartsWith("POST /v1/chat/completions HTTP/1.1\r\n", head, StringComparison.Ordinal);
        Assert.Contains($"\r\nAuthorization: Bearer {Key}\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nContent-Type: application/json\r\n", head, StringComparison.Ordinal);
        var expected = JsonNode.Parse(
            """
            {
              "model": "model-1", "stream": true, "temperature": 0.3,
              "messages": [
                {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Olá, \"you\" 🙂"},
                {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "One, two"}
              ]
            }
            """);
        Assert.True(JsonNode.DeepEquals(expected, body), body.ToJsonString());
    }

    [Fact]
    public async Task Without_options_there_are_only_model_messages_and_stream()
    {
        var (_, body) = await EnqueueAsync("/v1", null);

        Assert.Equal(["messages", "model", "stream"], body.AsObject().Select(property => property.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_tokens_are_asked_for_by_an_option()
    {
        var (_, body) = await EnqueueAsync("/v1", null, countsTokens: true);

        Assert.Equal("""{"include_usage":true}""", body["stream_options"]!.ToJsonString());
        Assert.Equal(["messages", "model", "stream", "stream_options"], body.AsObject().Select(property => property.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_options_model_comes_first()
    {
        var (_, body) = await EnqueueAsync("/v1", new ChatOptions { ModelId = "model-2" });

        Assert.Equal("model-2", body["model"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("", "/chat/completions")]
    [InlineData("/", "/chat/completions")]
    [InlineData("/openai/v1/", "/openai/v1/chat/completions")]
    [InlineData("/v1?api-version=3", "/v1/chat/completions?api-version=3")]
    public async Task The_path_is_below_the_endpoint(string endpoint, string path)
    {
        var (head, _) = await EnqueueAsync(endpoint, null);

        Assert.StartsWith($"POST {path} HTTP/1.1\r\n", head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_roles_are_rejected()
    {
        using var client = new OpenAIChatClient(new Uri("http://127.0.0.1:1/v1"), Key, "m", countsTokens: false, TimeProvider.System);

        await Assert.ThrowsAsync<NotSupportedException>(() => client.GetResponseAsync([new ChatMessage(ChatRole.Tool, "x")]));
    }

    [Fact]
    public async Task A_whole_response_is_the_collected_stream()
    {
        using var server = new Receiver(stream => stream.WriteAsync(Chunked(Text("Good ") + Text("day") + Finish("length") + Done)).AsTask());
        using var client = new OpenAIChatClient(new Uri($"http://127.0.0.1:{server.Port}"), Key, "m", countsTokens: false, TimeProvider.System);

        var response = await client.GetResponseAsync(Hello);

        Assert.Equal(("Good day", ChatFinishReason.Length), (response.Text, response.FinishReason));
    }

    [Fact]
    public async Task A_connection_is_reused_although_the_end_of_the_stream_is_not_read()
    {
        using var server = new Receiver(async stream =>
        {
            await stream.WriteAsync(Chunked(Text("a") + Finish() + Done));
            var (second, buffer) = ("", new byte[4096]);
            while (!second.EndsWith('}'))
            {
                var read = await stream.ReadAsync(buffer);
                Assert.NotEqual(0, read);
                second += Encoding.ASCII.GetString(buffer, 0, read);
            }

            await stream.WriteAsync(Chunked(Text("b") + Finish() + Done));
        });
        using var client = new OpenAIChatClient(new Uri($"http://127.0.0.1:{server.Port}"), Key, "m", countsTokens: false, TimeProvider.System);

        Assert.Equal("a", (await client.GetResponseAsync(Hello)).Text);
        Assert.Equal("b", (await client.GetResponseAsync(Hello).WaitAsync(Wait.Limit)).Text);
        Assert.Equal(1, server.Connections);
    }

    private static async Task<(string Head, JsonNode Body)> EnqueueAsync(string endpoint, ChatOptions? options, bool countsTokens = false)
    {
        using var server = new Receiver(stream => stream.WriteAsync(Chunked(Text("Yes") + Finish() + Done)).AsTask());
        using var client = new OpenAIChatClient(new Uri($"http://127.0.0.1:{server.Port}{endpoint}"), Key, "model-1", countsTokens, TimeProvider.System);
        Assert.Equal("Yes", (await client.GetResponseAsync(Conversation, options)).Text);
        return (server.Request.Head, JsonNode.Parse(server.Request.Body)!);
    }
}
