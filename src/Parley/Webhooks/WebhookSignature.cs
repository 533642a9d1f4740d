using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Parley.Tenants;

namespace Parley.Webhooks;

/// <summary>
/// Signs webhooks as Standard Webhooks specifies (github.com/standard-webhooks, spec/standard-webhooks.md, "Signature
/// scheme"): HMAC-SHA256 of id, timestamp and body. A receiver can verify the sender, and can reject an old webhook by
/// its timestamp.
/// </summary>
public static class WebhookSignature
{
    /// <summary>Returns the headers of one attempt.</summary>
    /// <param name="id">
    /// The id of the webhook, the same for all its attempts. It must not contain a full stop, which separates the id
    /// from the timestamp in the signed text.
    /// </param>
    /// <param name="at">The time of the attempt.</param>
    /// <param name="body">The payload, exactly as it is sent.</param>
    /// <param name="secrets">
    /// One secret, or several during a change of secrets. Each gives a signature, and the receiver accepts any one that
    /// matches.
    /// </param>
    /// <exception cref="FormatException">A secret is malformed.</exception>
    public static IReadOnlyList<KeyValuePair<string, string>> Headers(
        string id, DateTimeOffset at, ReadOnlyMemory<byte> body, params IReadOnlyList<string> secrets)
    {
        if (id.Length == 0 || id.Any(c => c is '.' or <= ' ' or > '~'))
        {
            throw new ArgumentException("An id is ASCII without spaces and full stops.", nameof(id));
        }

        if (secrets.Count == 0)
        {
            throw new ArgumentException("A webhook needs at least one secret.", nameof(secrets));
        }

        var timestamp = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        byte[] signed = [.. Encoding.ASCII.GetBytes($"{id}.{timestamp}."), .. body.Span];
        var signatures = secrets.Select(secret =>
            "v1," + Convert.ToBase64String(HMACSHA256.HashData(WebhookSecret.Read(secret), signed)));
        return
        [
            new("webhook-id", id),
            new("webhook-timestamp", timestamp),
            new("webhook-signature", string.Join(' ', signatures)),
        ];
    }
}
