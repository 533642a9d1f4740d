using System.Security.Cryptography;
using System.Text;

namespace Parley.Tenants;

/// <summary>
/// The key of the administration API: the setting <c>Parley__AdminKey</c>, sent as <c>Authorization: Bearer</c>.
/// </summary>
public static class AdminKey
{
    private const string Scheme = "Bearer ";

    /// <summary>True when the header contains the key. Without the setting, no header matches.</summary>
    public static bool Matches(string? authorization, string? expected)
    {
        if (string.IsNullOrEmpty(expected)
            || authorization is null
            || !authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        // Hashes have a fixed length, so the time of the comparison does not depend on the value that was sent.
        var sent = authorization[Scheme.Length..].Trim(' ');
        return CryptographicOperations.FixedTimeEquals(
            SHA256.HashData(Encoding.UTF8.GetBytes(sent)),
            SHA256.HashData(Encoding.UTF8.GetBytes(expected)));
    }
}
