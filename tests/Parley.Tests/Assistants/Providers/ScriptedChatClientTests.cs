using Microsoft.Extensions.AI;
using Parley.Assistants.Providers;
using Parley.Testing;
using Xunit;
using static Parley.Tests.Assistants.Providers.ChatCompletionsWire;

namespace Parley.Tests.Assistants.Providers;

/// <summary>The assistant without a language model, in virtual time and on one thread.</summary>
public class ScriptedChatClientTests
{
    [Fact]
    public void The_reply_states_that_it_is_scripted_and_repeats_its_input()
    {
        var reply = Read(
            new(ChatRole.System, "Be brief."), new(ChatRole.User, "Hi"), new(ChatRole.Assistant, "Hello."), new(ChatRole.User, "Where is\n  order 17? 🙂"));

        Assert.Null(reply.Failure);
        Assert.Equal(
            "This is Parley's scripted assistant, not a language model. You wrote: “Where is order 17? 🙂” I was given 2 earlier messages and 9 characters of instructions.",
            string.Concat(reply.Parts));
        Assert.All(reply.Parts.SkipLast(1), part => Assert.Matches(@"^\S+ $", part));
        Assert.Matches(@"^\S+$", reply.Parts[^1]);
        Assert.Equal(TimeSpan.FromMilliseconds(20 * (reply.Parts.Count - 1)), reply.Took);
    }

    [Fact]
    public void The_echo_of_a_long_message_is_truncated_between_characters()
    {
        var echo = string.Concat(Read(new ChatMessage(ChatRole.User, new string('x', 99) + "🙂🙂")).Parts);

        Assert.Contains("You wrote: “" + new string('x', 99) + "…” I was given 0 earlier messages", echo, StringComparison.Ordinal);
    }

    [Fact]
    public void A_request_without_messages_has_a_reply() => Assert.Contains("You wrote: “” I", string.Concat(Read().Parts), StringComparison.Ordinal);

    [Theory]
    [InlineData("/words 3", "word1 word2 word3", 40)]
    [InlineData("/words 1", "word1", 0)]
    [InlineData("/words 3 /pace 1000", "word1 word2 word3", 2_000)]
    [InlineData("please /pace 0 and then\n/words 2 thank you", "word1 word2", 0)]
    [InlineData("/words 9 /words 2 /pace 5000", "word1 word2", 5_000)]
    public void The_command_sets_the_number_of_words_and_the_pace(string message, string text, int milliseconds)
    {
        var reply = Read(message);

        Assert.Null(reply.Failure);
        Assert.Equal((text, TimeSpan.FromMilliseconds(milliseconds)), (string.Concat(reply.Parts), reply.Took));
    }

    [Fact]
    public void A_reply_without_words_is_a_failure() =>
        Assert.Equal(ProviderError.Empty, Read("/words 0").Failure!.Error);

    [Fact]
    public void The_maximum_is_ten_thousand_words()
    {
        var reply = Read("/words 10000 /pace 0");

        Assert.Equal(10_000, reply.Parts.Count);
        Assert.EndsWith("word10000", reply.Parts[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/fail rate_limited", ProviderError.RateLimited, "")]
    [InlineData("/fail refused", ProviderError.Refused, "")]
    [InlineData("/fail unavailable now", ProviderError.Unavailable, "")]
    [InlineData("/fail bad_request after 2", ProviderError.BadRequest, "word1 word2")]
    [InlineData("/words 3 /fail refused after 2", ProviderError.Refused, "word1 word2")]
    [InlineData("/fail refused after 9 /words 3", ProviderError.Refused, "word1 word2 word3")]
    [InlineData("/fail refused after 0 /words 3", ProviderError.Refused, "")]
    [InlineData("/fail timeout", ProviderError.Timeout, "")]
    [InlineData("/fail timeout after 2", ProviderError.Timeout, "word1 word2")]
    [InlineData("/hang", ProviderError.Timeout, "")]
    [InlineData("/hang after 1", ProviderError.Timeout, "word1")]
    public void The_command_determines_the_failure(string message, ProviderError error, string text)
    {
        var reply = Read(message);

        Assert.Equal((error, text), (reply.Failure!.Error, string.Concat(reply.Parts)));
        Assert.Equal(error == ProviderError.RateLimited ? TimeSpan.FromSeconds(5) : null, reply.Failure.RetryAfter);
        if (error == ProviderError.Timeout)
        {
            Assert.InRange(reply.Took, TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(61));
        }
    }

    [Theory]
    [InlineData("/words")]
    [InlineData("/words 10001")]
    [InlineData("/words -1")]
    [InlineData("/words many")]
    [InlineData("/words10")]
    [InlineData("x/words 10")]
    [InlineData("/pace 5001")]
    [InlineData("/fail")]
    [InlineData("/fail badly")]
    [InlineData("/fail cancelled")]
    [InlineData("/Fail refused")]
    public void Text_that_is_not_a_command_is_echoed(string message)
    {
        var reply = Read(message);

        Assert.Null(reply.Failure);
        Assert.Contains($"“{message}”", string.Concat(reply.Parts), StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_last_user_message_is_a_command()
    {
        var reply = Read(new(ChatRole.System, "/fail refused"), new(ChatRole.User, "/words 5"), new(ChatRole.Assistant, "/hang"), new(ChatRole.User, "Go on"), new(ChatRole.Assistant, "/hang"));

        Assert.Null(reply.Failure);
        Assert.Contains("“Go on” I was given 3 earlier", string.Concat(reply.Parts), StringComparison.Ordinal);
    }

    [Fact]
    public void The_pace_can_be_set()
    {
        TimeSpan? took = null;
        Simulation.Run(1, async run =>
        {
            using var client = new ScriptedChatClient(run.Time);
            var start = run.Time.GetUtcNow();
            var response = await client.GetResponseAsync([new ChatMessage(ChatRole.User, "/words 4 /pace 2000")]);
            took = run.Time.GetUtcNow() - start;
            Assert.Equal(("word1 word2 word3 word4", ChatFinishReason.Stop), (response.Text, response.FinishReason));
        });

        Assert.Equal(TimeSpan.FromSeconds(6), took);
    }

    [Fact]
    public void Words_are_its_tokens() => Simulation.Run(1, async run =>
    {
        using var client = new ScriptedChatClient(run.Time);
        var response = await client.GetResponseAsync([new(ChatRole.System, "Be  very brief."), new(ChatRole.User, "/words 4 ")]);

        Assert.Equal((5, 4), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount));
    });

    [Fact]
    public void A_cancelled_reply_stops() => Simulation.Run(1, async run =>
    {
        using var client = new ScriptedChatClient(run.Time);
        using var cancelled = new CancellationTokenSource(TimeSpan.FromMilliseconds(50), run.Time);
        var parts = new List<string>();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var part in ProviderStream.ReadAsync(Provider(client), [new(ChatRole.User, "/words 100")], new(), Ignore, run.Time, cancelled.Token))
            {
                parts.Add(part);
            }
        });

        Assert.Equal(["word1 ", "word2 ", "word3 "], parts);
    });

    private static (List<string> Parts, AssistantException? Failure, TimeSpan Took) Read(string message) => Read(new ChatMessage(ChatRole.User, message));

    /// <summary>Reads a reply as a completion does, on one thread.</summary>
    private static (List<string> Parts, AssistantException? Failure, TimeSpan Took) Read(params ChatMessage[] messages)
    {
        var (parts, failure, took) = (new List<string>(), (AssistantException?)null, TimeSpan.Zero);
        Simulation.Run(1, async run =>
        {
            var start = run.Time.GetUtcNow();
            using var client = new ScriptedChatClient(run.Time);
            try
            {
                await foreach (var part in ProviderStream.ReadAsync(Provider(client), messages, new ChatOptions(), Ignore, run.Time, CancellationToken.None))
                {
                    parts.Add(part);
                }
            }
            catch (AssistantException e)
            {
                failure = e;
            }

            took = run.Time.GetUtcNow() - start;
        });

        return (parts, failure, took);
    }
}
