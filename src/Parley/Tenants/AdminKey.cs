using System.Security.Cryptography;
using System.Text;

namespace Parley.Tenants;

/// <summary>The key of administration: the setting <c>Parley__AdminKey</c>, sent as <c>Authorization: Bearer</c>.</summary>
public static class AdminKey
{
    private const string Scheme = "Bearer ";

    /// <summary>Whether a header carries the key. Without the setting nothing does.</summary>
    public static bool Matches(string? authorization, string? expected)
    {
        if (string.IsNullOrEmpty(expected) || authorization is null || !authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        // Hashes have one length, so the comparison takes the same time whatever was sent.
        var sent = authorization[Scheme.Length..].Trim(' ');
        return CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(sent)), SHA256.HashData(Encoding.UTF8.GetBytes(expected)));
    }
}
