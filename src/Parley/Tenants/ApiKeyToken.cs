using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Parley.Core;

namespace Parley.Tenants;

/// <summary>
/// The text of an API key: <c>parley_</c>, 32 random bytes in base64url (43 characters) and a checksum of 6 characters,
/// by which secret scanners recognize a key with few false positives. Keys of versions before 0.3.0 have no checksum
/// and stay valid. Only the SHA-256 of a key is stored. With 256 random bits, a salt or a slow hash would add no
/// security.
/// </summary>
public static class ApiKeyToken
{
    private const string Prefix = "parley_";
    private const int BodyLength = 43;
    private const int ChecksumLength = 6;
    private const int LengthWithoutChecksum = 7 + BodyLength;

    public static string Create(RandomSource random)
    {
        Span<byte> bytes = stackalloc byte[32];
        random.Fill(bytes);
        var start = Prefix + Base64Url.EncodeToString(bytes);
        return start + Checksum(start);
    }

    /// <summary>
    /// True for a text that can be a key: with prefix, length, alphabet and, unless it has the length of a key without
    /// one, checksum. Anyone can compute a checksum, so it finds mistakes, not attacks.
    /// </summary>
    public static bool IsWellFormed(string token)
    {
        if (token.Length is not (LengthWithoutChecksum or LengthWithoutChecksum + ChecksumLength)
            || !token.StartsWith(Prefix, StringComparison.Ordinal)
            || !token.AsSpan(Prefix.Length).ContainsOnlyBase64Url())
        {
            return false;
        }

        return token.Length == LengthWithoutChecksum
            || token.AsSpan(LengthWithoutChecksum).SequenceEqual(Checksum(token[..LengthWithoutChecksum]));
    }

    /// <summary>The stored form of a key: SHA-256 as 64 lower-case hexadecimal digits.</summary>
    public static string Hash(string token) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    /// <summary>
    /// Reads the token of an Authorization header, in the three forms that clients of the described APIs send:
    /// <c>Bearer T</c>, <c>Api-Key T</c> and <c>T</c> alone. Schemes are case-insensitive (RFC 9110, section 11.1).
    /// </summary>
    /// <returns>Null when the header has no token, or one with a space.</returns>
    public static string? FromHeader(string? authorization)
    {
        var text = authorization.AsSpan().Trim(' ');
        foreach (var scheme in new[] { "Bearer ", "Api-Key " })
        {
            if (text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
            {
                text = text[scheme.Length..].TrimStart(' ');
                break;
            }
        }

        return text.IsEmpty || text.Contains(' ') ? null : text.ToString();
    }

    /// <summary>The first six characters of the base64url of the SHA-256 of prefix and body.</summary>
    private static string Checksum(string start) =>
        Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(start)))[..ChecksumLength];

    private static bool ContainsOnlyBase64Url(this ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_'))
            {
                return false;
            }
        }

        return true;
    }
}
