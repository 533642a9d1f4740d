namespace Parley.Webhooks;

/// <summary>What makes an attempt at a callback.</summary>
public interface IWebhookSender
{
    /// <summary>Posts JSON once. Whatever the receiver does is a result; only the caller's own cancellation throws.</summary>
    /// <param name="url">Looked at again, since the rules may have become stricter after it was registered.</param>
    /// <param name="body">JSON.</param>
    /// <param name="headers">What <see cref="WebhookSignature.Headers"/> makes of that body.</param>
    /// <param name="cancellation">Stops the attempt.</param>
    Task<WebhookResult> SendAsync(
        string url, ReadOnlyMemory<byte> body, IEnumerable<KeyValuePair<string, string>> headers, CancellationToken cancellation);
}
