using Parley.Assistants.Completions;

namespace Parley.Assistants.Providers;

/// <summary>A provider failed. The message is for the log: it never has the provider's key, but may have words of a conversation.</summary>
public sealed class AssistantException : Exception
{
    /// <summary>A failure.</summary>
    /// <param name="error">What clients are told.</param>
    /// <param name="detail">What the log is told.</param>
    /// <param name="retryAfter">How long the provider asks to wait, if it does.</param>
    /// <param name="inner">What went wrong below, without anything that the provider said.</param>
    public AssistantException(CompletionError error, string detail, TimeSpan? retryAfter = null, Exception? inner = null)
        : base(detail, inner)
    {
        Error = error;
        RetryAfter = retryAfter;
    }

    /// <summary>What clients are told.</summary>
    public CompletionError Error { get; }

    /// <summary>How long the provider asks to wait, at most an hour; null when it does not.</summary>
    public TimeSpan? RetryAfter { get; }
}
