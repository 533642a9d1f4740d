using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Parley.Core;

namespace Parley.Functions.Api.Flextell;

/// <summary>
/// The header X-Tenant of Flextell's clients. It has Flextell's number of the tenant, which Parley does not know, and a
/// key reaches one tenant anyway: so it must be a number, and any one will do.
/// </summary>
internal static partial class TenantHeader
{
    private const int MaxLength = 64;

    /// <summary>Checks the header of a request.</summary>
    /// <returns>Null: the header names no tenant of Parley.</returns>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidFields"/>: it is no whole number.</exception>
    public static string? Read(HttpRequest request)
    {
        var sent = request.Headers["X-Tenant"].ToString();
        return sent.Length == 0 || (sent.Length <= MaxLength && IsWholeNumber(sent))
            ? null
            : throw ParleyException.Field("X-Tenant", "Must be a tenant's number, such as 1.");
    }

    /// <summary>True for a whole number in any spelling of JSON, also as a text: 1, 1.0, 1e0, 10e-1, "1".</summary>
    private static bool IsWholeNumber(string text)
    {
        var match = Number().Match(text.Length > 2 && text[0] == '"' && text[^1] == '"' ? text[1..^1] : text);
        if (!match.Success)
        {
            return false;
        }

        var whole = match.Groups["whole"].Value;
        var exponent = match.Groups["exponent"].Value is { Length: > 0 } sent
            ? int.Parse(sent, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture)
            : 0;
        var digits = whole + match.Groups["fraction"].Value;
        var point = Math.Clamp(whole.Length + exponent, 0, digits.Length);
        return digits.AsSpan(point).IndexOfAnyExcept('0') < 0;
    }

    [GeneratedRegex(
        @"^(?<whole>[0-9]+)(\.(?<fraction>[0-9]+))?([eE](?<exponent>[+-]?[0-9]{1,3}))?\z",
        RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Number();
}
