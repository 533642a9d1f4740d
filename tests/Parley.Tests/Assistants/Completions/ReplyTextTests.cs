using Parley.Assistants.Completions;
using Xunit;

namespace Parley.Tests.Assistants.Completions;

/// <summary>What a provider says on its way to events: whatever its parts are, each event can be stored and sent by itself.</summary>
public sealed class ReplyTextTests
{
    [Fact]
    public void What_came_since_the_last_time_is_one_event()
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
    public void Characters_come_whole_however_they_are_cut(char[] characters, string stored)
    {
        // Strings in attributes are UTF-8, which has no form for half a pair.
        var said = new string(characters);
        for (var cut = 0; cut <= said.Length; cut++)
        {
            var reply = Of(said[..cut]);
            var first = reply.Take();
            reply.Add(said[cut..]);
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
    public void No_more_is_taken_than_a_message_takes()
    {
        var reply = Of(new string('x', ReplyText.MaxLength - 1));
        Assert.False(reply.IsFull);
        reply.Add("\0\0");
        Assert.False(reply.IsFull);

        // Half of it would be one too many.
        reply.Add("🙂 and more");
        Assert.True(reply.IsFull);
        reply.Add("and more");
        reply.Complete();
        Assert.Equal(new string('x', ReplyText.MaxLength - 1) + "\uFFFD", reply.Take());
    }

    [Fact]
    public void Who_waits_is_told_of_what_comes_once()
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
    public void Who_waits_is_told_of_the_end_for_ever()
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
