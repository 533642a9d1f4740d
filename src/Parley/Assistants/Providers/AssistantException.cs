
namespace Parley.Assistants.Providers;

/// <summary>
/// A failed call of a provider. The message is for the log: it never contains the provider's key, but may contain text
/// of a conversation.
/// </summary>
public sealed class AssistantException : Exception
{
    /// <param name="error">The error that clients see.</param>
    /// <param name="detail">The message for the log.</param>
    /// <param name="retryAfter">The provider's Retry-After; null when it sent none.</param>
    /// <param name="inner">The underlying exception. It must not contain text from the provider.</param>
    public AssistantException(
        ProviderError error, string detail, TimeSpan? retryAfter = null, Exception? inner = null)
        : base(detail, inner)
    {
        Error = error;
        RetryAfter = retryAfter;
    }

    /// <summary>The error that clients see.</summary>
    public ProviderError Error { get; }

    /// <summary>The provider's Retry-After, at most one hour; null when it sent none.</summary>
    public TimeSpan? RetryAfter { get; }
}
