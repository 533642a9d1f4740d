using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Parley.Assistants.Completions;

namespace Parley.Assistants.Providers;

/// <summary>
/// An assistant without a model, for development, demonstrations and tests: it says that it is one, what the user wrote and how much it
/// was given, word by word, the same every time. These phrases anywhere in the last user's message make it do something else:
/// <list type="bullet">
/// <item><c>/words N</c>: speaks N words, <c>word1 word2 …</c>; N is 0 to 10,000.</item>
/// <item>
/// <c>/fail KIND</c>: fails so: <c>timeout</c> (is silent for ever), <c>rate_limited</c> (asks to wait for 5 s), <c>refused</c>,
/// <c>unavailable</c> or <c>bad_request</c>.
/// </item>
/// <item><c>/fail KIND after N</c>: so, after N words.</item>
/// <item><c>/hang</c>, <c>/hang after N</c>: as <c>/fail timeout</c>.</item>
/// <item><c>/pace MS</c>: leaves so many milliseconds between words; 0 to 5,000.</item>
/// </list>
/// With <c>/words</c> and <c>after</c>, the fewer words count. A phrase that is not exactly one of these is text like any other.
/// </summary>
/// <param name="time">What the pace is measured by.</param>
public sealed class ScriptedChatClient(TimeProvider time) : IChatClient
{
    private static readonly TimeSpan DefaultPace = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        // ToChatResponseAsync would do, but leaves the thread of a test that has only one.
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in GetStreamingResponseAsync(messages, options, cancellationToken))
        {
            updates.Add(update);
        }

        return updates.ToChatResponse();
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var script = ScriptedReply.Read([.. messages]);
        var between = script.Pace ?? DefaultPace;
        for (var i = 0; i < script.Words.Count; i++)
        {
            // With the space that follows, so that the parts make up the text.
            var isLast = i == script.Words.Count - 1;
            yield return new ChatResponseUpdate(ChatRole.Assistant, script.Words[i] + (isLast ? "" : " "));
            if (!isLast)
            {
                await Task.Delay(between, time, cancellationToken);
            }
        }

        switch (script.Failure)
        {
            case null:
                yield return new ChatResponseUpdate(ChatRole.Assistant, content: null) { FinishReason = ChatFinishReason.Stop };
                break;
            case CompletionError.Timeout:
                await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
                break;
            case { } error:
                throw new AssistantException(error, "The message asks the scripted assistant to fail.", error == CompletionError.RateLimited ? RetryAfter : null);
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) => serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        // It holds nothing.
    }
}
