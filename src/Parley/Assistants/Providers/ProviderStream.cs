using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Parley.Assistants.Completions;

namespace Parley.Assistants.Providers;

/// <summary>A reply as it comes from a provider: its text, or in what way the provider failed.</summary>
public static class ProviderStream
{
    /// <summary>After the finish reason, providers may tell what they counted; nobody waits for more.</summary>
    private static readonly TimeSpan AfterFinish = TimeSpan.FromSeconds(1);

    private const int MaxDetail = 200;

    /// <summary>
    /// Asks, and hands on the parts of the text, none of them empty. Who stops reading closes the connection. The provider is silent
    /// while it sends no update: one without text, as of a model that still thinks, is a sign of life. The time that the reader takes for a
    /// part is not the provider's.
    /// </summary>
    /// <exception cref="AssistantException">The provider failed, in whatever way. What it had said has been handed on.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public static async IAsyncEnumerable<string> ReadAsync(
        AssistantProvider provider,
        IReadOnlyList<ChatMessage> messages,
        ChatOptions options,
        TimeProvider time,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var idle = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, idle.Token);
        await using var updates = provider.Client.GetStreamingResponseAsync(messages, options, either.Token).GetAsyncEnumerator(either.Token);
        var isWhole = false;
        while (true)
        {
            idle.CancelAfter(isWhole ? AfterFinish : provider.IdleTimeout);
            var update = await NextAsync(updates, provider.IdleTimeout, isWhole, idle.Token, cancellation);
            idle.CancelAfter(Timeout.InfiniteTimeSpan);
            if (update is null)
            {
                yield break;
            }

            if (update.Text is { Length: > 0 } text)
            {
                yield return text;
            }

            if (update.FinishReason == ChatFinishReason.ContentFilter)
            {
                throw new AssistantException(CompletionError.Refused, "The provider's content filter ended the reply.");
            }

            isWhole |= update.FinishReason is not null;
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever a client throws, the provider failed; it is kept as the cause.")]
    private static async Task<ChatResponseUpdate?> NextAsync(
        IAsyncEnumerator<ChatResponseUpdate> updates, TimeSpan limit, bool isWhole, CancellationToken idle, CancellationToken cancellation)
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
            // A cancellation may come wrapped in a failure of the connection.
            cancellation.ThrowIfCancellationRequested();
            return e switch
            {
                _ when isWhole => null,
                _ when idle.IsCancellationRequested => throw new AssistantException(CompletionError.Timeout, $"The provider was silent for {limit.TotalSeconds} s."),
                _ => throw new AssistantException(CompletionError.Unavailable, Describe(e), inner: e),
            };
        }
    }

    private static string Describe(Exception e)
    {
        var text = $"{e.GetType().Name}: {e.GetBaseException().Message}";
        return text[..Math.Min(text.Length, MaxDetail)];
    }
}
