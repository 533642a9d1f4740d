using Parley.Assistants.Completions;
using Parley.Core;
using Xunit;

namespace Parley.Tests.Assistants.Completions;

/// <summary>The in-process broadcast of a completion to any number of readers.</summary>
public sealed class CompletionBroadcastTests
{
    private static readonly Completion Begun = new()
    {
        Key = new MessageKey(new ConversationKey(new TenantId(1), 2), 1),
        Check = 1,
        ConversationCheck = 2,
        Chatbot = default,
        ChatbotName = "Bot",
        IsAutoReply = false,
        Status = CompletionStatus.Running,
        Attempt = 1,
        ProducerId = "producer",
        CreatedAt = default,
        DueAt = default,
    };

    private readonly CompletionBroadcast feed = new(Begun);

    [Fact]
    public async Task A_reader_receives_the_current_state_the_changes_and_the_end()
    {
        await using var early = feed.ReadAsync(CancellationToken.None).GetAsyncEnumerator();
        Assert.Equal("", await NextAsync(early));
        var waiting = NextAsync(early);
        Assert.False(waiting.IsCompleted);
        feed.Publish(Begun.WithText("one "));
        Assert.Equal("one ", await waiting);

        // Late and slow readers receive the latest state.
        feed.Publish(Begun.WithText("one ").WithText("two "));
        feed.Publish(Begun.WithText("one ").WithText("two ").WithText("three"));
        await using var late = feed.ReadAsync(CancellationToken.None).GetAsyncEnumerator();
        Assert.Equal(("one two three", "one two three"), (await NextAsync(early), await NextAsync(late)));

        feed.Publish(feed.Latest with { Status = CompletionStatus.Ended });
        Assert.Equal(("one two three", "one two three"), (await NextAsync(early), await NextAsync(late)));
        Assert.Equal((CompletionStatus.Ended, false, false), (early.Current.Status, await early.MoveNextAsync(), await late.MoveNextAsync()));
        Assert.Equal(CompletionStatus.Ended, (await feed.ReadAsync(CancellationToken.None).SingleAsync()).Status);
    }

    [Fact]
    public async Task A_reader_receives_the_stored_text_before_the_failure()
    {
        await using var listener = feed.ReadAsync(CancellationToken.None).GetAsyncEnumerator();
        feed.Publish(Begun.WithText("one "));
        feed.Fail(new InvalidOperationException("Storage does not answer."));
        Assert.Equal("one ", await NextAsync(listener));
        await Assert.ThrowsAsync<InvalidOperationException>(() => NextAsync(listener));
    }

    [Fact]
    public async Task A_cancelled_reader_is_removed_and_the_others_go_on()
    {
        using var leaving = new CancellationTokenSource();
        await using var gone = feed.ReadAsync(leaving.Token).GetAsyncEnumerator(CancellationToken.None);
        await using var stays = feed.ReadAsync(CancellationToken.None).GetAsyncEnumerator();
        Assert.Equal(("", ""), (await NextAsync(gone), await NextAsync(stays)));
        var waiting = NextAsync(gone);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);

        Assert.Equal("", await NextAsync(stays));
        feed.Fail(new InvalidOperationException("Storage does not answer."));
        await using var late = feed.ReadAsync(leaving.Token).GetAsyncEnumerator(CancellationToken.None);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => NextAsync(late));
        await Assert.ThrowsAsync<InvalidOperationException>(() => NextAsync(stays));
    }

    private static async Task<string> NextAsync(IAsyncEnumerator<Completion> listener)
    {
        Assert.True(await listener.MoveNextAsync());
        return listener.Current.Text;
    }
}
