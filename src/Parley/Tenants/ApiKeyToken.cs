using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Parley.Core;

namespace Parley.Tenants;

/// <summary>
/// The text of an API key: <c>parley_</c> and 32 random bytes in base64url. Only its SHA-256 is stored. With 256 random
/// bits, a salt or a slow hash would add no security.
/// </summary>
public static class ApiKeyToken
{
    private const string Prefix = "parley_";
    private const int MaxLength = 4096;

    public static string Create(RandomSource random)
    {
        Span<byte> bytes = stackalloc byte[32];
        random.Fill(bytes);
        return Prefix + Base64Url.EncodeToString(bytes);
    }

    /// <summary>The stored form of a key: SHA-256 as 64 lower-case hexadecimal digits.</summary>
    public static string Hash(string token) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    /// <summary>
    /// Reads the token of an Authorization header, in the three forms that clients of the described APIs send:
    /// <c>Bearer T</c>, <c>Api-Key T</c> and <c>T</c> alone. Schemes are case-insensitive (RFC 9110, section 11.1).
    /// </summary>
    /// <returns>Null when the header has no token, or one of more than 4,096 characters or with a space.</returns>
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

        return text.IsEmpty || text.Length > MaxLength || text.Contains(' ') ? null : text.ToString();
    }
}
