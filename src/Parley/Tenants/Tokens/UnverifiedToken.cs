using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Parley.Core;

namespace Parley.Tenants.Tokens;

/// <summary>
/// An access token in its compact form (RFC 7515, section 7.1), whose signature has not been checked. It is read
/// strictly: two readers of one token must not find different values in it, so no member is there twice, and it must
/// not choose the key that checks it.
/// </summary>
internal sealed record UnverifiedToken
{
    /// <summary>The most characters of a token.</summary>
    public const int MaxLength = 16_384;

    private const int MaxDepth = 8;

    /// <summary>Parameters by which a token would choose the key that checks it.</summary>
    private static readonly string[] KeyParameters = ["jku", "jwk", "x5u", "x5c"];

    private static readonly JsonDocumentOptions Strict =
        new() { AllowDuplicateProperties = false, MaxDepth = MaxDepth };

    private UnverifiedToken(string text, JsonElement header, JsonElement claims) =>
        (Text, Claims, Algorithm, KeyId, Type, Issuer) = (
            text,
            new ClaimValues(claims),
            Required(header, "alg"),
            Required(header, "kid"),
            Required(header, "typ"),
            new ClaimValues(claims).RequiredText("iss"));

    public string Text { get; }

    public ClaimValues Claims { get; }

    public string Algorithm { get; }

    public string KeyId { get; }

    /// <summary>The media type of the token, such as <c>at+jwt</c>.</summary>
    public string Type { get; }

    public string Issuer { get; }

    /// <summary>True for a text that is meant as a token: API keys have neither dots nor braces.</summary>
    public static bool IsLike(string text) => text.Contains('.') || text.StartsWith('{');

    /// <exception cref="ParleyException"><see cref="ErrorCode.Unauthenticated"/>: the token is malformed.</exception>
    public static UnverifiedToken Parse(string text)
    {
        if (text.Length > MaxLength)
        {
            throw Refused($"is longer than {MaxLength} characters");
        }

        // No more parts than tell an encrypted token from a text with many dots.
        var parts = text.Split('.', 6);
        if (parts.Length != 3)
        {
            throw Refused(parts.Length switch
            {
                5 => "is encrypted; only signed tokens are accepted",
                _ when text.StartsWith('{') => "is in the JSON serialization; only the compact one is accepted",
                _ => "does not consist of three parts with dots between them",
            });
        }

        var header = Object(parts[0], "header");
        RequireNothingElse(header);
        var claims = Object(parts[1], "payload");
        return parts[2].Length > 0
            ? new UnverifiedToken(text, header, claims)
            : throw Refused("has no signature");
    }

    /// <summary>The refusal of a token.</summary>
    /// <param name="reason">Continues <c>The access token</c>, without the full stop.</param>
    public static ParleyException Refused(string reason) =>
        ErrorCode.Unauthenticated.With($"The access token {reason}.");

    private static void RequireNothingElse(JsonElement header)
    {
        if (Array.Find(KeyParameters, name => header.TryGetProperty(name, out _)) is { } name)
        {
            throw Refused($"names its own key in '{name}'; only keys that its issuer publishes are used");
        }

        if (header.TryGetProperty("crit", out _) || header.TryGetProperty("b64", out _))
        {
            throw Refused("has extensions ('crit', 'b64'), none of which is known here");
        }

        if (header.TryGetProperty("cty", out _) || header.TryGetProperty("zip", out _))
        {
            throw Refused("contains another token or is compressed ('cty', 'zip'), which is not accepted");
        }
    }

    private static JsonElement Object(string part, string name)
    {
        // Base64Url itself permits padding and white space, which the compact form has not.
        if (part.Contains('=') || part.Any(char.IsWhiteSpace) || !Base64Url.IsValid(part))
        {
            throw Refused($"has a {name} that is not base64url without padding");
        }

        try
        {
            var bytes = Base64Url.DecodeFromChars(part);
            _ = new UTF8Encoding(false, throwOnInvalidBytes: true).GetCharCount(bytes);
            var json = JsonElement.Parse(bytes, Strict);
            ReadTexts(json);
            return json.ValueKind == JsonValueKind.Object
                ? json
                : throw Refused($"has a {name} that is no JSON object");
        }
        catch (Exception e) when (e is JsonException or DecoderFallbackException or InvalidOperationException)
        {
            throw Refused($"has a {name} that is not valid JSON, is too deep, or has a member twice");
        }
    }

    /// <summary>Reads all texts once, so that no later reader meets one that is not valid Unicode.</summary>
    /// <exception cref="InvalidOperationException">An escape is half of a surrogate pair.</exception>
    private static void ReadTexts(JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.String:
                _ = json.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in json.EnumerateArray())
                {
                    ReadTexts(item);
                }

                break;
            case JsonValueKind.Object:
                foreach (var member in json.EnumerateObject())
                {
                    _ = member.Name;
                    ReadTexts(member.Value);
                }

                break;
        }
    }

    private static string Required(JsonElement header, string name)
    {
        var text = header.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : "";
        return text.Length is > 0 and <= ClaimValues.MaxText
            ? text
            : throw Refused(
                $"has no '{name}' in its header, or one that is not a text of 1 to {ClaimValues.MaxText} characters");
    }
}
