using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Parley.Webhooks;

/// <summary>
/// Signs callbacks as Standard Webhooks says (github.com/standard-webhooks, spec/standard-webhooks.md, "Signature scheme"): HMAC-SHA256
/// of id, timestamp and body, so that a receiver knows the sender, and an old callback by its age.
/// </summary>
public static class WebhookSignature
{
    /// <summary>What every secret begins with; base64 follows.</summary>
    public const string SecretPrefix = "whsec_";

    /// <summary>The specification: at least 192 bits.</summary>
    private const int MinSecretBytes = 24;

    /// <summary>The specification: at most 512 bits.</summary>
    private const int MaxSecretBytes = 64;

    /// <summary>The headers of one attempt. The id stays the same over all attempts, the timestamp is the attempt's.</summary>
    /// <param name="id">Names the callback. Without a full stop, which separates it from the timestamp in what is signed.</param>
    /// <param name="at">When the attempt is made.</param>
    /// <param name="body">Exactly the bytes that are sent.</param>
    /// <param name="secrets">One, or while they change several: a signature each, and the receiver needs one that fits.</param>
    public static IReadOnlyList<KeyValuePair<string, string>> Headers(string id, DateTimeOffset at, ReadOnlyMemory<byte> body, params IReadOnlyList<string> secrets)
    {
        if (id.Length == 0 || id.Any(c => c is '.' or <= ' ' or > '~'))
        {
            throw new ArgumentException("An id is ASCII without spaces and full stops.", nameof(id));
        }

        if (secrets.Count == 0)
        {
            throw new ArgumentException("A callback is never sent unsigned.", nameof(secrets));
        }

        var timestamp = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        byte[] signed = [.. Encoding.ASCII.GetBytes($"{id}.{timestamp}."), .. body.Span];
        return
        [
            new("webhook-id", id),
            new("webhook-timestamp", timestamp),
            new("webhook-signature", string.Join(' ', secrets.Select(secret => "v1," + Convert.ToBase64String(HMACSHA256.HashData(ReadSecret(secret), signed))))),
        ];
    }

    /// <exception cref="FormatException">It is none. The message does not repeat it: messages are logged.</exception>
    private static byte[] ReadSecret(string secret)
    {
        var key = new byte[MaxSecretBytes + 3];
        if (!secret.StartsWith(SecretPrefix, StringComparison.Ordinal)
            || !Convert.TryFromBase64String(secret[SecretPrefix.Length..], key, out var length)
            || length is < MinSecretBytes or > MaxSecretBytes)
        {
            throw new FormatException($"A webhook secret is {SecretPrefix} and {MinSecretBytes} to {MaxSecretBytes} bytes in base64.");
        }

        return key[..length];
    }
}
