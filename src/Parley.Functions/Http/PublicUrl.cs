using Microsoft.AspNetCore.Http;

namespace Parley.Functions.Http;

/// <summary>The address that the client used, for links in answers.</summary>
internal static class PublicUrl
{
    /// <summary>
    /// Scheme, host and path without query and trailing slash. The cloud's front end ends TLS and tells the scheme in
    /// X-Forwarded-Proto; a client that sends a false one gets false links, and nobody else does.
    /// </summary>
    public static string Of(HttpRequest request)
    {
        var forwarded = request.Headers["X-Forwarded-Proto"].ToString().Split(',')[0].Trim();
        var scheme = forwarded is "https" or "http" ? forwarded : request.Scheme;
        var host = request.Host.HasValue ? request.Host.ToUriComponent() : "localhost";
        return $"{scheme}://{host}{request.PathBase.ToUriComponent()}{request.Path.ToUriComponent().TrimEnd('/')}";
    }
}
