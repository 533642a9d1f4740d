using System.Net;
using System.Text.RegularExpressions;
using Parley.Core;

namespace Parley.Webhooks;

/// <summary>
/// Validates callback URLs. Names are not resolved here: only the addresses at the time of an attempt matter, and
/// <see cref="WebhookClient"/> checks those. Every port is allowed: the connection starts with a TLS handshake, before
/// any byte that the URL's owner chooses, and no other protocol interprets a handshake as a command.
/// </summary>
public static partial class WebhookUrl
{
    /// <summary>
    /// The maximum length of a URL, in characters. Not every server and proxy accepts longer ones (RFC 9110, section
    /// 4.1, recommends at least 8,000; many accept 2,048).
    /// </summary>
    public const int MaxLength = 2_000;

    // Domains that never exist in the public DNS: RFC 6761, section 6.3; RFC 6762; RFC 8375; and .internal, which ICANN
    // reserves for private use. This check only gives the client an early error; the check of the address is decisive.
    private static readonly string[] LocalDomains = [".localhost", ".local", ".internal", ".home.arpa"];

    /// <summary>Returns the validation error of a URL, for the client; null for a valid URL.</summary>
    public static string? InvalidReason(string url, AllowedHosts allowed)
    {
        if (url.Length > MaxLength)
        {
            return $"Must be at most {MaxLength} characters.";
        }

        if (!HttpUrl.HasForm(url))
        {
            return "Must be an absolute https URL in ASCII: an international host name in its xn-- form, "
                + "other characters percent-encoded.";
        }

        if (HttpUrl.HasUserInfo(url))
        {
            return "Must have no user name or password: callbacks are signed.";
        }

        if (url.Contains('#', StringComparison.Ordinal))
        {
            return "Must have no fragment: it would not be sent.";
        }

        if (!HttpUrl.TryParse(url, out var parsed))
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
        // Uri converts every numeric form that inet_aton accepts (hexadecimal, octal, fewer parts) to four decimal
        // numbers.
        if (IPAddress.TryParse(url.IdnHost, out var address))
        {
            return RefusedNetworks.IsPublic(address) ? null : "Must be a public address.";
        }

        // One dot at the end is the root of DNS, and the name is the same without it. No resolver may interpret the
        // rest as an address, so the last label must begin with a letter, as every top-level domain does. Names without
        // a dot belong to the local network (RFC 7085).
        var name = url.IdnHost.EndsWith('.') ? url.IdnHost[..^1] : url.IdnHost;
        if (name.Length > 253
            || !PublicName().IsMatch(name)
            || LocalDomains.Any(domain => name.EndsWith(domain, StringComparison.OrdinalIgnoreCase)))
        {
            return "Must have a host name of the public DNS, or a public address.";
        }

        return null;
    }

    [GeneratedRegex(
        @"\A([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])\z",
        RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex PublicName();
}
