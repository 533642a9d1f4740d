namespace Parley.Webhooks;

/// <summary>Sends webhooks.</summary>
public interface IWebhookSender
{
    /// <summary>
    /// Makes one attempt to post a webhook. Every failure of the receiver is a result; only a cancellation by the
    /// caller throws.
    /// </summary>
    /// <param name="url">
    /// The URL. It is validated again, because the rules may have become stricter after it was registered.
    /// </param>
    /// <param name="body">The payload, JSON.</param>
    /// <param name="headers">The headers that <see cref="WebhookSignature.Headers"/> returns for this body.</param>
    Task<WebhookResult> SendAsync(
        string url,
        ReadOnlyMemory<byte> body,
        IEnumerable<KeyValuePair<string, string>> headers,
        CancellationToken cancellation);
}
