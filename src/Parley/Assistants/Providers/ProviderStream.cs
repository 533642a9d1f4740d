using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Extensions.AI;
using Parley.Core;

namespace Parley.Assistants.Providers;

/// <summary>Streams a reply from a provider, and maps every failure of the provider to one exception type.</summary>
public static class ProviderStream
{
    // After the finish reason a provider may still send its usage counts. The reply is complete, so this wait is short.
    private static readonly TimeSpan AfterFinish = TimeSpan.FromSeconds(1);

    // A reply that begins with more white space and invisible characters than this has no text.
    private const int MaxLeading = 10_000;

    /// <summary>
    /// Sends the request and returns the parts of the text, none of them empty. Characters that show nothing
    /// (<see cref="BlankText"/>) are held back at the beginning until text follows, so that a reply without text has no
    /// part. Stopping the enumeration closes the connection. Every update restarts the idle timeout, also one without
    /// text, such as from a model that is still reasoning. The time that the caller spends on a part does not count.
    /// </summary>
    /// <param name="used">
    /// Gets the tokens as often as the provider reports them. A later report contains the earlier ones.
    /// </param>
    /// <exception cref="AssistantException">
    /// The provider failed, for any reason. The text received before the failure has been returned.
    /// </exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public static async IAsyncEnumerable<string> ReadAsync(
        AssistantProvider provider,
        IReadOnlyList<ChatMessage> messages,
        ChatOptions options,
        Action<UsageDetails> used,
        TimeProvider time,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var idle = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, idle.Token);
        await using var updates = provider.Client.GetStreamingResponseAsync(messages, options, either.Token)
            .GetAsyncEnumerator(either.Token);
        var (isWhole, hasText, leading) = (false, false, new StringBuilder());
        var left = provider.IdleTimeout;
        while (true)
        {
            idle.CancelAfter(left);
            var waiting = time.GetTimestamp();
            var update = await NextAsync(updates, provider.IdleTimeout, isWhole, idle.Token, cancellation);
            idle.CancelAfter(Timeout.InfiniteTimeSpan);
            if (update is null)
            {
                break;
            }

            foreach (var usage in update.Contents.OfType<UsageContent>())
            {
                used(usage.Details);
            }

            // Signs of life after the finish reason must not prolong the wait.
            left = isWhole ? left - time.GetElapsedTime(waiting) : provider.IdleTimeout;
            if (update.Text is { Length: > 0 } text)
            {
                (isWhole, left) = (false, provider.IdleTimeout);
                leading.Append(text);
                if (hasText || !BlankText.IsBlank(text))
                {
                    hasText = true;
                    yield return leading.ToString();
                    leading.Clear();
                }
            }

            if (update.FinishReason is { } reason)
            {
                EnsureWhole(reason);
                (isWhole, left) = (true, isWhole ? left : AfterFinish);
            }

            if ((isWhole && left <= TimeSpan.Zero) || leading.Length > MaxLeading)
            {
                break;
            }
        }

        if (!hasText)
        {
            throw new AssistantException(ProviderError.Empty, "The provider's reply has no text.");
        }
    }

    /// <exception cref="AssistantException">The reason does not mean that the reply is whole.</exception>
    private static void EnsureWhole(ChatFinishReason reason)
    {
        if (reason == ChatFinishReason.ContentFilter)
        {
            throw new AssistantException(ProviderError.Refused, "The provider's content filter ended the reply.");
        }

        if (reason != ChatFinishReason.Stop
            && reason != ChatFinishReason.Length
            && reason != ChatFinishReason.ToolCalls)
        {
            throw new AssistantException(ProviderError.Unavailable, $"The provider ended the reply with {reason}.");
        }
    }

    [SuppressMessage(
        "Design",
        "CA1031",
        Justification = "Any exception of a client means that the provider failed; its types are kept as the cause.")]
    private static async Task<ChatResponseUpdate?> NextAsync(
        IAsyncEnumerator<ChatResponseUpdate> updates,
        TimeSpan limit,
        bool isWhole,
        CancellationToken idle,
        CancellationToken cancellation)
    {
        try
        {
            return await updates.MoveNextAsync() ? updates.Current : null;
        }
        catch (AssistantException) when (!isWhole && !cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            // A cancellation may arrive wrapped in a connection error.
            cancellation.ThrowIfCancellationRequested();
            return e switch
            {
                _ when isWhole => null,
                _ when idle.IsCancellationRequested => throw new AssistantException(
                    ProviderError.Timeout, $"The provider was silent for {limit.TotalSeconds} s."),
                _ => throw new AssistantException(ProviderError.Unavailable, PrivateException.Describe(e)),
            };
        }
    }
}
