using Parley.Core;

namespace Parley.Tenants;

/// <summary>
/// The text of a secret that signs webhooks, as Standard Webhooks specifies it (github.com/standard-webhooks,
/// spec/standard-webhooks.md): <c>whsec_</c> and 24 to 64 bytes in base64.
/// </summary>
public static class WebhookSecret
{
    private const string Prefix = "whsec_";

    // Standard Webhooks: at least 192 bits and at most 512 bits.
    private const int MinBytes = 24;
    private const int MaxBytes = 64;

    private const int NewBytes = 32;

    /// <summary>Returns the bytes of a secret: the key of its signatures.</summary>
    /// <exception cref="FormatException">The secret is malformed.</exception>
    public static byte[] Read(string secret)
    {
        var key = new byte[MaxBytes + 3];
        if (!secret.StartsWith(Prefix, StringComparison.Ordinal)
            || !Convert.TryFromBase64String(secret[Prefix.Length..], key, out var length)
            || length is < MinBytes or > MaxBytes)
        {
            // The message must not contain the secret, because messages are logged.
            throw new FormatException(
                $"A webhook secret is {Prefix} and {MinBytes} to {MaxBytes} bytes in base64.");
        }

        return key[..length];
    }

    /// <summary>Creates a secret of 256 random bits.</summary>
    internal static string Create(RandomSource random)
    {
        Span<byte> key = stackalloc byte[NewBytes];
        random.Fill(key);
        return Prefix + Convert.ToBase64String(key);
    }
}
