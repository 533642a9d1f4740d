using System.Text.Json;
using Parley.Core;

namespace Parley.Tenants.Tokens;

/// <summary>The claims of an access token.</summary>
internal readonly record struct ClaimValues(JsonElement Json)
{
    /// <summary>The most characters of an issuer, a subject, a key's id and a type.</summary>
    public const int MaxText = 255;

    /// <summary>The latest time that a claim may state: 9999-12-31.</summary>
    private const long MaxSeconds = 253_402_214_400;

    /// <exception cref="ParleyException"><see cref="ErrorCode.Unauthenticated"/>.</exception>
    public string RequiredText(string name) =>
        Text(name) is { Length: > 0 and <= MaxText } text && !text.Any(char.IsControl)
            ? text
            : throw UnverifiedToken.Refused(
                $"has no '{name}', or one that is not a text of 1 to {MaxText} characters");

    /// <summary>Null for an absent claim, and for one that is no text.</summary>
    public string? Text(string name) =>
        Json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>A time in seconds since 1970, which may have a fraction (RFC 7519, section 2).</summary>
    /// <returns>Null for an absent claim.</returns>
    /// <exception cref="ParleyException"><see cref="ErrorCode.Unauthenticated"/>: it is no time.</exception>
    public DateTimeOffset? Time(string name)
    {
        if (!Json.TryGetProperty(name, out var value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number
            && value.TryGetDouble(out var seconds)
            && seconds is >= 0 and <= MaxSeconds
            ? DateTimeOffset.UnixEpoch + TimeSpan.FromSeconds(seconds)
            : throw UnverifiedToken.Refused($"has '{name}' that is not a number of seconds since 1970");
    }

    /// <summary>
    /// The texts of a claim: the words of one text, which spaces separate, or an array of texts. Numbers count as their
    /// digits; other values are ignored.
    /// </summary>
    public IEnumerable<string> Texts(string name)
    {
        if (!Json.TryGetProperty(name, out var value))
        {
            return [];
        }

        return value.ValueKind switch
        {
            JsonValueKind.Array => value.EnumerateArray().Select(One).OfType<string>(),
            JsonValueKind.String => value.GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            _ => One(value) is { } text ? [text] : [],
        };
    }

    private static string? One(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        _ => null,
    };
}
