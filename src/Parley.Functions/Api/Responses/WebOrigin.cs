using System.Text.RegularExpressions;

namespace Parley.Functions.Api.Responses;

/// <summary>
/// Origins in the form in which browsers send them (WHATWG HTML, "serialization of an origin"): scheme and host in
/// lower case, an international host in Punycode, and a port unless it is the scheme's default.
/// </summary>
internal static partial class WebOrigin
{
    /// <summary>True for an origin of any scheme: pages within mobile apps send <c>capacitor://localhost</c>.</summary>
    public static bool IsValid(string text) => Form().IsMatch(text);

    /// <summary>True for an origin with the scheme http or https.</summary>
    public static bool IsHttp(string text) =>
        IsValid(text)
        && (text.StartsWith("http://", StringComparison.Ordinal)
            || text.StartsWith("https://", StringComparison.Ordinal));

    // docs/settings.schema.json has the same expression.
    [GeneratedRegex(
        @"^(?!http://.*:80$)(?!https://.*:443$)"
        + @"[a-z][a-z0-9+.-]*://([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])"
        + @"(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?\z",
        RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex Form();
}
