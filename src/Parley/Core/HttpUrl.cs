using System.Text.RegularExpressions;

namespace Parley.Core;

/// <summary>
/// Checks the form of URLs that clients send, more strictly than <see cref="Uri"/>, which trims, unescapes and maps
/// characters that other parsers treat differently: a fullwidth digit, a backslash instead of a slash, an escaped dot.
/// </summary>
public static partial class HttpUrl
{
    /// <summary>
    /// Returns the validation error of a URL that is stored and shown, for the client; null for a valid one. Programs
    /// insert it into pages and headers, and people look at it, so it has no quotes, line breaks or direction marks.
    /// Its host may be any: it is never fetched.
    /// </summary>
    public static string? InvalidLinkReason(string url)
    {
        if (!HasForm(url))
        {
            var isUrl = Uri.TryCreate(url, UriKind.Absolute, out var read)
                && (read.Scheme == Uri.UriSchemeHttps || read.Scheme == Uri.UriSchemeHttp);
            return isUrl
                ? "Must be in ASCII without spaces, quotes and backslashes: an international host name in its xn-- "
                    + "form, other characters percent-encoded."
                : "Must be an absolute http or https URL.";
        }

        if (HasUserInfo(url))
        {
            return "Must have no user name or password: everyone who sees the URL could use them.";
        }

        return TryParse(url, out _)
            ? null
            : "Must have a host name or an address, without escapes or a zone, and no port beyond 65535.";
    }

    /// <summary>
    /// True for a scheme, two slashes and a host, and after them only characters of RFC 3986.
    /// </summary>
    public static bool HasForm(string url) => Form().IsMatch(url);

    /// <summary>True for a URL with a user name or a password, also with empty ones.</summary>
    /// <param name="url">A URL for which <see cref="HasForm"/> is true.</param>
    public static bool HasUserInfo(string url) => Authority(url).Contains('@');

    /// <summary>False for a URL without a host, or with an escape or a zone in it.</summary>
    /// <param name="url">A URL for which <see cref="HasForm"/> is true.</param>
    /// <param name="parsed">The URL.</param>
    public static bool TryParse(string url, out Uri parsed)
    {
        var isParsed = Uri.TryCreate(url, UriKind.Absolute, out var found);
        parsed = found!;
        return isParsed && !Authority(url).Contains('%') && parsed.IdnHost.Length > 0;
    }

    /// <summary>Returns the text between the two slashes and the next delimiter (RFC 3986, section 3.2).</summary>
    private static ReadOnlySpan<char> Authority(string url)
    {
        var rest = url.AsSpan(url.IndexOf("://", StringComparison.Ordinal) + 3);
        var end = rest.IndexOfAny('/', '?', '#');
        return end < 0 ? rest : rest[..end];
    }

    // A scheme, two slashes and a host; then only characters of RFC 3986: no control characters, spaces, quotes or
    // backslashes, and no characters beyond ASCII.
    [GeneratedRegex(
        @"\A[Hh][Tt][Tt][Pp][Ss]?://(?![/?#:])[!#-;=?-\[\]_a-z~]+\z",
        RegexOptions.None,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Form();
}
