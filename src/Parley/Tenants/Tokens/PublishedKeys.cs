using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace Parley.Tenants.Tokens;

/// <summary>Reads the keys that an issuer publishes for signatures (RFC 7517, section 5).</summary>
internal static class PublishedKeys
{
    /// <summary>The most keys of a document.</summary>
    private const int MaxKeys = 100;

    /// <summary>
    /// Reads a document. A malformed key, one without an id and one for another use are left out, because the others
    /// are not their fault.
    /// </summary>
    /// <exception cref="JsonException">The document is no JSON.</exception>
    public static IReadOnlyList<JsonWebKey> Read(string document)
    {
        var root = JsonElement.Parse(document);
        return root.ValueKind == JsonValueKind.Object
            && root.TryGetProperty("keys", out var keys)
            && keys.ValueKind == JsonValueKind.Array
            ? [.. keys.EnumerateArray().Take(MaxKeys).Select(ReadKey).OfType<JsonWebKey>().Where(IsForSignatures)]
            : [];
    }

    private static JsonWebKey? ReadKey(JsonElement json)
    {
        try
        {
            return json.ValueKind == JsonValueKind.Object ? JsonWebKey.Create(json.GetRawText()) : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static bool IsForSignatures(JsonWebKey key) =>
        !string.IsNullOrEmpty(key.Kid)
        && key.Use is null or "" or "sig"
        && (key.KeyOps.Count == 0 || key.KeyOps.Contains("verify"));
}
