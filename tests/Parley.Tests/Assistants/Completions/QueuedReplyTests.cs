using System.Text.Json;
using Parley.Assistants.Completions;
using Parley.Core;
using Xunit;

namespace Parley.Tests.Assistants.Completions;

/// <summary>A queue message contains the key of a completion, and how often it had to wait.</summary>
public sealed class QueuedReplyTests
{
    [Fact]
    public void It_contains_the_completions_key()
    {
        var key = new MessageKey(new ConversationKey(new TenantId(12), 34), 56);
        var json = QueuedReply.Of(key).ToJson();
        Assert.Equal("""{"tenant":12,"conversation":34,"message":56,"waits":0}""", json);
        Assert.Equal(key, QueuedReply.Parse(json).Key);

        // As versions before 0.3.0 write it.
        Assert.Equal(QueuedReply.Of(key), QueuedReply.Parse("""{"tenant":12,"conversation":34,"message":56}"""));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"tenant":1,"conversation":2}""")]
    [InlineData("""{"tenant":0,"conversation":2,"message":3}""")]
    [InlineData("""{"tenant":1,"conversation":0,"message":3}""")]
    [InlineData("""{"tenant":1,"conversation":2,"message":0}""")]
    [InlineData("""{"tenant":1,"conversation":2,"message":4194304}""")]
    [InlineData("""{"tenant":1,"conversation":2,"message":3,"waits":-1}""")]
    [InlineData("""{"tenant":99999999999,"conversation":2,"message":3}""")]
    [InlineData("""{"tenant":"x","conversation":2,"message":3}""")]
    public void Anything_else_is_refused(string message) => Assert.Throws<JsonException>(() => QueuedReply.Parse(message));
}
