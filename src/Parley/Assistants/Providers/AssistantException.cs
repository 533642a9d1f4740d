namespace Parley.Assistants.Providers;

/// <summary>
/// A failed call of a provider. It holds nothing that the provider or the transport wrote: providers quote the prompt
/// and the key in their errors, and the message is for the log.
/// </summary>
public sealed class AssistantException : Exception
{
    /// <param name="error">The error that clients see.</param>
    /// <param name="detail">
    /// The message for the log: fixed words, numbers, and names of Parley's own tables and types.
    /// </param>
    /// <param name="retryAfter">The provider's Retry-After; null when it sent none.</param>
    public AssistantException(ProviderError error, string detail, TimeSpan? retryAfter = null)
        : base(detail)
    {
        Error = error;
        RetryAfter = retryAfter;
    }

    /// <summary>The error that clients see.</summary>
    public ProviderError Error { get; }

    /// <summary>The provider's Retry-After, at most one hour; null when it sent none.</summary>
    public TimeSpan? RetryAfter { get; }
}
