using Parley.Assistants.Completions;
using Xunit;

namespace Parley.Tests.Assistants.Completions;

/// <summary>
/// A provider's text on its way to events: however it is split, each event can be stored and sent by itself.
/// </summary>
public sealed class ReplyTextTests
{
    [Fact]
    public void Text_since_the_last_read_is_one_event()
    {
        var reply = Of("one ", "two ");
        Assert.Equal("one two ", reply.Take());
        Assert.Equal("", reply.Take());
        reply.Add("three");
        Assert.Equal("three", reply.Take());
    }

    [Theory]
    [InlineData(new[] { '\uD83D', '\uDE42' }, "🙂")]
    [InlineData(new[] { 'a', '\uD83D', '\uDE42', 'b' }, "a🙂b")]
    [InlineData(new[] { '\uD83D' }, "\uFFFD")]
    [InlineData(new[] { '\uDE42' }, "\uFFFD")]
    [InlineData(new[] { 'a', '\uDE42', '\uD83D', 'b' }, "a\uFFFD\uFFFDb")]
    [InlineData(new[] { '\uD83D', '\uD83D', '\uDE42' }, "\uFFFD🙂")]
    [InlineData(new[] { 'a', '\0', 'b', '\0' }, "ab")]
    [InlineData(new[] { '\uD83D', '\0', '\uDE42' }, "🙂")]
    public void Characters_stay_whole_however_the_text_is_split(char[] characters, string stored)
    {
        // Strings in attributes are UTF-8, which cannot represent an unpaired surrogate.
        var received = new string(characters);
        for (var cut = 0; cut <= received.Length; cut++)
        {
            var reply = Of(received[..cut]);
            var first = reply.Take();
            reply.Add(received[cut..]);
            var second = reply.Take();
            reply.Complete();
            var events = new[] { first, second, reply.Take() };
            Assert.Equal(stored, string.Concat(events));
            Assert.All(events, one => Assert.Equal(one, string.Concat(one.EnumerateRunes())));
        }
    }

    [Fact]
    public void Half_of_a_pair_waits_for_the_other_half()
    {
        var reply = Of("a\uD83D");
        Assert.Equal("a", reply.Take());
        Assert.Equal("", reply.Take());
        reply.Add("\uDE42");
        Assert.Equal("🙂", reply.Take());
    }

    [Fact]
    public void Text_is_limited_to_the_length_of_a_message()
    {
        var reply = Of(new string('x', ReplyText.MaxLength - 1));
        Assert.False(reply.IsFull);
        reply.Add("\0\0");
        Assert.False(reply.IsFull);

        // Half of the pair would be one character too many.
        reply.Add("🙂 and more");
        Assert.True(reply.IsFull);
        reply.Add("and more");
        reply.Complete();
        Assert.Equal(new string('x', ReplyText.MaxLength - 1) + "\uFFFD", reply.Take());
    }

    [Fact]
    public void Changed_completes_once_for_new_text()
    {
        var reply = new ReplyText();
        Assert.False(reply.Changed.IsCompleted);
        reply.Add("");
        reply.Add("\0");
        Assert.False(reply.Changed.IsCompleted);
        reply.Add("a");
        Assert.True(reply.Changed.IsCompleted);
        reply.Take();
        Assert.False(reply.Changed.IsCompleted);
        reply.Wake();
        Assert.True(reply.Changed.IsCompleted);
        Assert.Equal("", reply.Take());
        Assert.False(reply.Changed.IsCompleted);
    }

    [Fact]
    public void Changed_stays_completed_after_the_end()
    {
        var reply = Of("a");
        reply.Complete();
        Assert.Equal((true, true), (reply.IsComplete, reply.Changed.IsCompleted));
        Assert.Equal("a", reply.Take());
        Assert.True(reply.Changed.IsCompleted);
    }

    private static ReplyText Of(params string[] parts)
    {
        var reply = new ReplyText();
        Array.ForEach(parts, reply.Add);
        return reply;
    }
}
