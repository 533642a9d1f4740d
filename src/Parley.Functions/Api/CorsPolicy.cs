using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Parley.Core;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api;

/// <summary>
/// Decides which pages of other origins may read responses (WHATWG Fetch, "CORS protocol"). Callers send their API
/// key in a header, so credentials that a browser adds by itself are never allowed.
/// </summary>
public sealed class CorsPolicy
{
    /// <summary>
    /// The setting: <c>*</c>, or origins separated by commas. The environment variable is <c>Cors__AllowedOrigins</c>.
    /// </summary>
    public const string Setting = "Cors:AllowedOrigins";

    /// <summary>The response headers that a page may read, in addition to those that every page may.</summary>
    internal const string ExposedHeaders =
        "Location, Link, X-Total-Count, ETag, Retry-After, Idempotent-Replayed, "
        + "Content-Disposition, Repr-Digest, X-Count-Capped, RateLimit, RateLimit-Policy";

    private const string Any = "*";

    private readonly HashSet<string> origins;

    private CorsPolicy(IEnumerable<string> origins) => this.origins = new(origins, StringComparer.Ordinal);

    /// <exception cref="StartUpException">The setting has an entry that no browser sends as an origin.</exception>
    public static CorsPolicy Read(IConfiguration configuration)
    {
        if (configuration[Setting] is not { Length: > 0 } text)
        {
            return new CorsPolicy([]);
        }

        var entries = text.Split(',', StringSplitOptions.TrimEntries);
        for (var i = 0; i < entries.Length && entries is not [Any]; i++)
        {
            if (!WebOrigin.IsValid(entries[i]))
            {
                throw new StartUpException(
                    $"Cors__AllowedOrigins must be * or origins separated by commas; entry {i + 1} is not an origin. "
                    + "An origin has a scheme, a host in lower case and, unless it is the scheme's default, a port, "
                    + "and no path: https://app.example.com, for example.");
            }
        }

        return new CorsPolicy(entries);
    }

    /// <summary>
    /// Sets the headers of a response: that the page may read it, and that caches must keep it apart by origin. An
    /// origin that is not allowed gets no permission, so that its browser refuses the response.
    /// </summary>
    public void Decorate(HttpContext context)
    {
        var headers = context.Response.Headers;
        if (origins.Count > 0 && !origins.Contains(Any))
        {
            // Also without Origin: a cache could return that response to a page.
            headers.Vary = "Origin";
        }

        if (AllowedOrigin(context.Request) is { } origin)
        {
            headers.AccessControlAllowOrigin = origins.Contains(Any) ? Any : origin;
            headers.AccessControlExposeHeaders = ExposedHeaders;
        }
    }

    /// <summary>True for a preflight request of an allowed origin.</summary>
    public bool IsAllowedPreflight(HttpRequest request) =>
        HttpMethods.IsOptions(request.Method)
        && request.Headers.AccessControlRequestMethod.Count > 0
        && AllowedOrigin(request) is not null;

    private string? AllowedOrigin(HttpRequest request) =>
        request.Headers.Origin is [{ Length: > 0 } origin] && (origins.Contains(Any) || origins.Contains(origin))
            ? origin
            : null;
}
