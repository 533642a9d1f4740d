using Microsoft.Extensions.AI;
using Parley.Assistants.Providers;
using Parley.Tests.Webhooks;
using Xunit;
using static Parley.Tests.Assistants.Providers.ChatCompletionsWire;

namespace Parley.Tests.Assistants.Providers;

/// <summary>The tokens that servers report, in a chunk of their own, with text, or in an object instead of a stream.</summary>
public class OpenAIUsageTests
{
    [Theory]
    [InlineData("""{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}""", 9, 12)]
    [InlineData("""{"completion_tokens":0,"prompt_tokens":2147483647,"prompt_tokens_details":{"cached_tokens":3}}""", 2147483647, 0)]
    [InlineData("""{"prompt_tokens":9}""", 9, null)]
    [InlineData("""{"completion_tokens":12,"prompt_tokens":null}""", null, 12)]
    [InlineData("""{"prompt_tokens":2147483648,"completion_tokens":1}""", null, 1)]
    [InlineData("""{"prompt_tokens":-1,"completion_tokens":12.5}""", null, null)]
    [InlineData("""{"prompt_tokens":1e999,"completion_tokens":99999999999999999999999}""", null, null)]
    [InlineData("""{"prompt_tokens":"9","completion_tokens":[12]}""", null, null)]
    [InlineData("""{"prompt_tokens":{},"completion_tokens":true}""", null, null)]
    [InlineData("""{"Prompt_tokens":9,"input_tokens":9}""", null, null)]
    [InlineData("""{"\ud83d":1,"prompt_tok\ud83d":1,"completion_tokens":12}""", null, 12)]
    [InlineData("""{}""", null, null)]
    [InlineData("""[]""", null, null)]
    [InlineData("""[9,12]""", null, null)]
    [InlineData("""null""", null, null)]
    [InlineData("""9""", null, null)]
    [InlineData("\"prompt_tokens\"", null, null)]
    [InlineData("\"\\ud83d\"", null, null)]
    [InlineData("""false""", null, null)]
    public async Task Counts_are_read_and_anything_else_is_ignored(string usage, int? input, int? output)
    {
        var choice = """{"index":0,"delta":{"content":"a"},"message":{"content":"a"},"finish_reason":"stop"}""";
        foreach (var answer in new[]
        {
            Chunked(Text("a") + Finish() + Event($$"""{"choices":[],"usage":{{usage}}}""") + Done),
            Chunked(Event($$"""{"choices":[],"usage":{{usage}}}""") + Text("a") + Finish() + Done),
            Chunked(Event($$"""{"choices":[{{choice}}],"usage":{{usage}}}""") + Done),
            System.Text.Encoding.UTF8.GetBytes(Response(200, $$"""{"choices":[{{choice}}],"usage":{{usage}}}""")),
        })
        {
            using var server = new Receiver(stream => stream.WriteAsync(answer).AsTask());
            var provider = Provider(server.Port, TimeProvider.System);
            using var client = provider.Client;
            var (text, counts) = ("", new List<UsageDetails>());
            await foreach (var part in ProviderStream.ReadAsync(
                provider, Hello, new(), counts.Add, TimeProvider.System, CancellationToken.None))
            {
                text += part;
            }

            Assert.Equal("a", text);
            Assert.Equal(input is null && output is null ? 0 : 1, counts.Count);
            Assert.All(counts, count => Assert.Equal(((long?)input, (long?)output), (count.InputTokenCount, count.OutputTokenCount)));
        }
    }
}
