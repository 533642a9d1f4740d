using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace Parley.Assistants.Providers;

/// <summary>
/// An assistant without a model, for development, demonstrations and tests. Its reply is the same every time: it states
/// that it is scripted, quotes the user's message and counts the earlier messages and the characters of the
/// instructions. It is streamed word by word. These commands, anywhere in the last message of the user, change the
/// reply:
/// <list type="bullet">
/// <item>
/// <c>/words N</c>: the reply is N words, <c>word1 word2 …</c>; N is 0 to 10,000. No word is an empty reply.
/// </item>
/// <item>
/// <c>/fail KIND</c>: fails with <c>timeout</c> (sends nothing, without end), <c>rate_limited</c> (with a Retry-After
/// of 5 s), <c>refused</c>, <c>unavailable</c> or <c>bad_request</c>.
/// </item>
/// <item><c>/fail KIND after N</c>: the same, after N words.</item>
/// <item><c>/hang</c>, <c>/hang after N</c>: the same as <c>/fail timeout</c>.</item>
/// <item><c>/pace MS</c>: the delay between words, in milliseconds; 0 to 5,000.</item>
/// </list>
/// Words are its tokens. With both <c>/words</c> and <c>after</c>, the smaller number counts. Text that is not exactly
/// one of these commands is ordinary text.
/// </summary>
/// <param name="time">The clock for the delay between words.</param>
public sealed class ScriptedChatClient(TimeProvider time) : IChatClient
{
    private static readonly TimeSpan DefaultPace = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        // Not ToChatResponseAsync: it leaves the only thread of a single-threaded test.
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in GetStreamingResponseAsync(messages, options, cancellationToken))
        {
            updates.Add(update);
        }

        return updates.ToChatResponse();
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var prompt = messages.ToList();
        var script = ScriptedReply.Read(prompt);
        var between = script.Pace ?? DefaultPace;
        for (var i = 0; i < script.Words.Count; i++)
        {
            // Each part includes the space after the word, so the parts concatenate to the text.
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
                var usage = new UsageDetails
                {
                    InputTokenCount = prompt.Sum(message => ScriptedReply.Split(message.Text).Length),
                    OutputTokenCount = script.Words.Count,
                };
                yield return new ChatResponseUpdate(ChatRole.Assistant, [new UsageContent(usage)])
                {
                    FinishReason = ChatFinishReason.Stop,
                };
                break;
            case ProviderError.Timeout:
                await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
                break;
            case { } error:
                throw new AssistantException(
                    error,
                    "The message asks the scripted assistant to fail.",
                    error == ProviderError.RateLimited ? RetryAfter : null);
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        // There is nothing to dispose.
    }
}
