using System.Text;
using Parley.Assistants.Providers;
using Parley.Tests.Webhooks;
using Xunit;
using static Parley.Tests.Assistants.Providers.ChatCompletionsWire;

namespace Parley.Tests.Assistants.Providers;

/// <summary>The answers of real providers, each in its own form.</summary>
public class DialectTests
{
    private static readonly string[] Providers =
    [
        "anthropic", "azure-openai", "deepseek", "litellm", "llama.cpp", "mistral", "ollama", "openai", "openrouter",
        "sglang", "vllm", "zhipu",
    ];

    private static readonly string[] Cases =
        ["reply", "cut", "refusal", "error at the start", "error in the stream", "signs of life", "reasoning"];

    public static TheoryData<string, string> Answers
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var answer in Dialects.All)
            {
                data.Add(answer.Provider, answer.Case);
            }

            return data;
        }
    }

    [Fact]
    public void Every_provider_has_every_case()
    {
        var present = Dialects.All.Select(answer => (answer.Provider, answer.Case)).ToHashSet();

        Assert.Equal(Dialects.All.Count, present.Count);
        Assert.Empty(Providers.SelectMany(provider => Cases.Select(one => (provider, one))).Except(present));
        Assert.Equal(Providers, present.Select(answer => answer.Provider).Distinct().Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task Answers_are_read_as_their_providers_mean_them(string provider, string which)
    {
        var answer = Dialects.All.Single(one => (one.Provider, one.Case) == (provider, which));
        using var server = new Receiver(stream => stream.WriteAsync(Bytes(answer)).AsTask());

        var (parts, failure) = await ReadStreamAsync(Provider(server.Port, TimeProvider.System), TimeProvider.System);

        Assert.Equal((answer.Result, answer.Text), (NameOf(failure), string.Concat(parts)));
    }

    /// <summary>
    /// An error that a server reports within a stream is the error that the same body would be with its status.
    /// </summary>
    [Fact]
    public async Task An_error_body_is_the_same_error_in_a_stream()
    {
        var answers = Dialects.All.Where(answer => answer.Status != 200).ToList();
        Assert.InRange(answers.Count, Providers.Length - 1, 100);
        foreach (var answer in answers)
        {
            using var server = new Receiver(stream =>
                stream.WriteAsync(Chunked(Event(answer.Body.Trim()))).AsTask());
            var (_, failure) = await ReadStreamAsync(Provider(server.Port, TimeProvider.System), TimeProvider.System);

            Assert.Equal((answer.Provider, answer.Result), (answer.Provider, NameOf(failure)));
        }
    }

    private static byte[] Bytes(Dialect answer) => answer.IsStream
        ? Chunked(answer.Body, 7, 40)
        : Encoding.UTF8.GetBytes(
            $"HTTP/1.1 {answer.Status} X\r\nContent-Type: {answer.MediaType}; charset=utf-8\r\n"
            + $"Content-Length: {Encoding.UTF8.GetByteCount(answer.Body)}\r\n\r\n{answer.Body}");

    private static string NameOf(AssistantException? failure) => failure?.Error switch
    {
        null => "whole",
        ProviderError.RateLimited => "rate_limited",
        ProviderError.BadRequest => "bad_request",
        var error => $"{error}".ToLowerInvariant(),
    };
}
