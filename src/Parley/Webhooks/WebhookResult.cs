namespace Parley.Webhooks;

/// <summary>The reason why an attempt got no response. Values are stored by name: never rename one.</summary>
public enum WebhookFailure
{
    /// <summary>The URL is not allowed, or no longer.</summary>
    RefusedUrl,

    /// <summary>At least one address of the host name is not public.</summary>
    RefusedAddress,

    /// <summary>The host name does not resolve.</summary>
    NameNotResolved,

    /// <summary>The connection failed.</summary>
    NotConnected,

    /// <summary>The TLS handshake failed, or the certificate is not valid for the host.</summary>
    TlsFailed,

    /// <summary>A time limit was exceeded.</summary>
    TimedOut,

    /// <summary>The connection was closed before the response.</summary>
    ConnectionLost,

    /// <summary>The response is not HTTP/1.1, or its headers are too large.</summary>
    InvalidAnswer,

    /// <summary>The process that made the attempt ended before it stored the result.</summary>
    Interrupted,
}

/// <summary>The result of an attempt: either a status or a failure.</summary>
/// <param name="Status">The status of the response; null without a response.</param>
/// <param name="Failure">The reason for the missing response; null with a response.</param>
/// <param name="Duration">The duration of the attempt.</param>
/// <param name="Body">
/// The start of the response body, at most <see cref="WebhookClient.MaxBodyCharacters"/> characters.
/// </param>
/// <param name="RetryAfter">
/// The receiver's Retry-After, from now, at most <see cref="WebhookSchedule.MaxRetryAfter"/>; null when it sent none.
/// </param>
public sealed record WebhookResult(
    int? Status,
    WebhookFailure? Failure,
    TimeSpan Duration,
    string Body = "",
    TimeSpan? RetryAfter = null);
