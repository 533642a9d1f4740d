using System.Security.Cryptography;
using System.Text;

namespace Parley.Tenants;

/// <summary>
/// The key of the administration API: the setting <c>Parley__AdminKey</c>, sent as <c>Authorization: Bearer</c>.
/// </summary>
public static class AdminKey
{
    /// <summary>A shorter key is never accepted: it could be guessed.</summary>
    public const int MinLength = 32;

    /// <summary>The value in local.settings.sample.json, which everybody knows.</summary>
    public const string Sample = "change-me-to-at-least-32-random-characters";

    private const string Scheme = "Bearer ";

    /// <summary>
    /// The reason why a setting cannot be a key, so that administration is refused; null for a usable one.
    /// </summary>
    public static string? FindProblem(string? setting) => setting switch
    {
        null or "" => "Parley__AdminKey is not set: the administration API refuses every request.",
        Sample => "Parley__AdminKey has the sample's value: the administration API refuses every request. "
            + "Set a random key.",
        { Length: < MinLength } => $"Parley__AdminKey has fewer than {MinLength} characters: the administration API "
            + "refuses every request. Set a longer, random key.",
        _ => null,
    };

    /// <summary>True when the header contains the key. Without a usable setting, no header matches.</summary>
    public static bool Matches(string? authorization, string? expected)
    {
        if (FindProblem(expected) is not null
            || authorization is null
            || !authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        // Hashes have a fixed length, so the time of the comparison does not depend on the value that was sent.
        var sent = authorization[Scheme.Length..].Trim(' ');
        return CryptographicOperations.FixedTimeEquals(
            SHA256.HashData(Encoding.UTF8.GetBytes(sent)),
            SHA256.HashData(Encoding.UTF8.GetBytes(expected!)));
    }
}
