using System.Text.Json;
using System.Text.RegularExpressions;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.Requests;

/// <summary>
/// JSON text without white space and optional escapes, so that these make no difference to the hash of a request.
/// </summary>
internal static partial class CompactJson
{
    /// <summary>False for half a surrogate pair or NUL, in a name or in a value.</summary>
    public static bool TryWrite(JsonElement element, out string text)
    {
        try
        {
            // System.Text.Json escapes every character beyond U+FFFF, whatever the encoder.
            text = Escapes().Replace(JsonSerializer.Serialize(element, CommonJson.Default.JsonElement), Unescape);
            return !HasNul(element);
        }
        catch (JsonException)
        {
            // The writer rejects half a surrogate pair.
            text = "";
            return false;
        }
    }

    /// <summary>
    /// Matches an escaped surrogate pair, and also any other escape, so that no match begins in the middle of one.
    /// </summary>
    [GeneratedRegex(
        @"\\u(?<high>D[89AB][0-9A-F]{2})\\u(?<low>D[C-F][0-9A-F]{2})|\\.",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Escapes();

    private static string Unescape(Match escape) =>
        escape.Groups["high"].Success ? $"{Unit(escape, "high")}{Unit(escape, "low")}" : escape.Value;

    private static char Unit(Match escape, string half) => (char)Convert.ToUInt16(escape.Groups[half].Value, 16);

    private static bool HasNul(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString()!.Contains('\0'),
        JsonValueKind.Array => element.EnumerateArray().Any(HasNul),
        JsonValueKind.Object => element.EnumerateObject().Any(
            member => member.Name.Contains('\0') || HasNul(member.Value)),
        _ => false,
    };
}
