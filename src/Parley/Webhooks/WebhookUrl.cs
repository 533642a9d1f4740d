using System.Net;
using System.Text.RegularExpressions;

namespace Parley.Webhooks;

/// <summary>
/// What a callback URL must be like. Names are not resolved here: what they resolve to later is what counts, and
/// <see cref="WebhookClient"/> looks then. Every port is allowed: before any byte that the URL's owner chooses comes a TLS handshake, which
/// other protocols do not take for a command.
/// </summary>
public static partial class WebhookUrl
{
    /// <summary>Characters. Longer ones do not get through every server and proxy (RFC 9110, section 4.1, asks for 8,000; many take 2,048).</summary>
    public const int MaxLength = 2_000;

    /// <summary>
    /// Names that public DNS never has: RFC 6761, section 6.3; RFC 6762; RFC 8375; and the one that ICANN keeps for private use. Only to tell the
    /// caller early; the address decides.
    /// </summary>
    private static readonly string[] LocalDomains = [".localhost", ".local", ".internal", ".home.arpa"];

    /// <summary>What is wrong with a URL; null when nothing is.</summary>
    public static string? InvalidReason(string url, AllowedHosts allowed)
    {
        if (url.Length > MaxLength)
        {
            return $"Must be at most {MaxLength} characters.";
        }

        // Strict before Uri gets to see it, which trims, unescapes and maps what other readers take differently: a fullwidth digit, a
        // backslash for a slash, an escaped dot.
        if (!Shape().IsMatch(url))
        {
            return "Must be an absolute https URL in ASCII: an international host name in its xn-- form, other characters percent-encoded.";
        }

        var authority = Authority(url);
        if (authority.Contains('@', StringComparison.Ordinal))
        {
            return "Must have no user name or password: callbacks are signed.";
        }

        if (url.Contains('#', StringComparison.Ordinal))
        {
            return "Must have no fragment: it would not be sent.";
        }

        if (authority.Contains('%', StringComparison.Ordinal) || !Uri.TryCreate(url, UriKind.Absolute, out var parsed) || parsed.IdnHost.Length == 0)
        {
            return "Must have a host name or an address, without escapes or a zone, and no port beyond 65535.";
        }

        if (parsed.Port is < 1 or > 65535)
        {
            return "Must have a port from 1 to 65535, or none.";
        }

        if (allowed.Contains(parsed))
        {
            return null;
        }

        return parsed.Scheme != Uri.UriSchemeHttps ? "Must be https." : InvalidHostReason(parsed);
    }

    private static string? InvalidHostReason(Uri url)
    {
        // Uri gives every numeric spelling that inet_aton takes (hexadecimal, octal, with fewer parts) as four decimals.
        if (IPAddress.TryParse(url.IdnHost, out var address))
        {
            return RefusedNetworks.IsPublic(address) ? null : "Must be a public address.";
        }

        // One dot at the end is the root of DNS, and the same name. The rest must not be read as an address by any resolver: so the last label begins
        // with a letter, as every top-level domain does. Names without a dot are of the own network (RFC 7085).
        var name = url.IdnHost.EndsWith('.') ? url.IdnHost[..^1] : url.IdnHost;
        if (name.Length > 253 || !PublicName().IsMatch(name) || LocalDomains.Any(domain => name.EndsWith(domain, StringComparison.OrdinalIgnoreCase)))
        {
            return "Must have a host name of the public DNS, or a public address.";
        }

        return null;
    }

    /// <summary>What stands between the two slashes and the next delimiter (RFC 3986, section 3.2).</summary>
    private static string Authority(string url)
    {
        var begin = url.IndexOf("://", StringComparison.Ordinal) + 3;
        var end = url.IndexOfAny(['/', '?', '#'], begin);
        return end < 0 ? url[begin..] : url[begin..end];
    }

    /// <summary>A scheme, two slashes, a host; then only what RFC 3986 has: no controls, spaces, quotes, backslashes, nothing beyond ASCII.</summary>
    [GeneratedRegex(@"\A[Hh][Tt][Tt][Pp][Ss]?://(?![/?#:])[!#-;=?-\[\]_a-z~]+\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Shape();

    [GeneratedRegex(@"\A([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])\z", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PublicName();
}
