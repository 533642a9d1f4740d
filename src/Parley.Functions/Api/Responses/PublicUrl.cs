using Microsoft.AspNetCore.Http;

namespace Parley.Functions.Api.Responses;

/// <summary>
/// URLs for links in responses, based on the URL that the client used, or on <see cref="PublicOrigin"/>.
/// </summary>
internal static class PublicUrl
{
    private const string Version = "/v1/";

    /// <summary>Scheme, host and path, without query and trailing slash.</summary>
    public static string Of(HttpRequest request)
    {
        var origin = request.HttpContext.Features.Get<PublicOrigin>()?.Value ?? OriginOf(request);
        return $"{origin}{request.PathBase.ToUriComponent()}{request.Path.ToUriComponent().TrimEnd('/')}";
    }

    /// <summary>The URL without its last segment.</summary>
    public static string ParentOf(HttpRequest request)
    {
        var url = Of(request);
        return url[..url.LastIndexOf('/')];
    }

    /// <summary>
    /// The URL of this version of the API, without a trailing slash. Paths without a version are those after the route
    /// prefix, which is one segment.
    /// </summary>
    public static string RootOf(HttpRequest request)
    {
        var url = Of(request);
        var version = url.IndexOf(Version, StringComparison.OrdinalIgnoreCase);
        if (version >= 0)
        {
            return url[..(version + Version.Length - 1)];
        }

        var path = url.Length - request.Path.ToUriComponent().TrimEnd('/').Length;
        return $"{url[..url.IndexOf('/', path + 1)]}{Version.TrimEnd('/')}";
    }

    /// <summary>
    /// Creates URLs of other pages of a list. They have all parameters of the request as they were sent, followed by
    /// <paramref name="parameter"/>.
    /// </summary>
    /// <param name="request">The request for one page.</param>
    /// <param name="parameter">The query parameter that selects the page.</param>
    /// <returns>A function from the value of the parameter to the URL. The value must not need escaping.</returns>
    public static Func<string, string> PageOf(HttpRequest request, string parameter)
    {
        var start = $"{Of(request)}?{OtherParameters(request.QueryString, parameter)}{parameter}=";
        return value => start + value;
    }

    /// <summary>
    /// The front end of the cloud terminates TLS and sends the scheme in X-Forwarded-Proto. A client that sends a false
    /// value gets wrong links in its own responses only.
    /// </summary>
    private static string OriginOf(HttpRequest request)
    {
        var forwarded = request.Headers["X-Forwarded-Proto"].ToString().Split(',')[0].Trim();
        var scheme = forwarded is "https" or "http" ? forwarded : request.Scheme;
        var host = request.Host.HasValue ? request.Host.ToUriComponent() : "localhost";
        return $"{scheme}://{host}";
    }

    /// <summary>All parameters but one, as they were sent. <see cref="Uri"/> escapes invalid characters.</summary>
    private static string OtherParameters(QueryString query, string parameter) =>
        string.Concat(new Uri("http://localhost/" + query.Value).Query.TrimStart('?')
            .Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Where(pair => !pair.Equals(parameter, StringComparison.OrdinalIgnoreCase)
                && !pair.StartsWith(parameter + "=", StringComparison.OrdinalIgnoreCase))
            .Select(pair => pair + "&"));
}
