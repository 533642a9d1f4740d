namespace Parley.Webhooks;

/// <summary>Why an attempt has no answer. Stored by name: never change one.</summary>
public enum WebhookFailure
{
    /// <summary>The URL is none that Parley calls (any more).</summary>
    RefusedUrl,

    /// <summary>The name resolves to an address that is not public, if only among others.</summary>
    RefusedAddress,

    /// <summary>The name does not resolve.</summary>
    NameNotResolved,

    /// <summary>No connection.</summary>
    NotConnected,

    /// <summary>No TLS, or not with the host's certificate.</summary>
    TlsFailed,

    /// <summary>Not in time.</summary>
    TimedOut,

    /// <summary>The connection ended before the answer.</summary>
    ConnectionLost,

    /// <summary>What came is not HTTP/1.1, or its headers are too large.</summary>
    InvalidAnswer,

    /// <summary>Whoever made the attempt ended before it could note how it went.</summary>
    Interrupted,
}

/// <summary>How an attempt went.</summary>
/// <param name="Status">The answer's status; null when there was none.</param>
/// <param name="Failure">Why there was none; null when there was one.</param>
/// <param name="Duration">How long it took.</param>
/// <param name="Body">How the answer's body begins, at most <see cref="WebhookClient.MaxBodyCharacters"/>.</param>
/// <param name="RetryAfter">How long the receiver asks to be left alone, from now; at most <see cref="WebhookSchedule.MaxRetryAfter"/>.</param>
public sealed record WebhookResult(int? Status, WebhookFailure? Failure, TimeSpan Duration, string Body = "", TimeSpan? RetryAfter = null);
