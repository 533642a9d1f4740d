using Microsoft.AspNetCore.Http;

namespace Parley.Functions.Api.Responses;

/// <summary>The address that the client used, for links in answers.</summary>
internal static class PublicUrl
{
    private const string Version = "/v1/";

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

    /// <summary>The address that all paths of this version of the API begin with, without a slash at its end.</summary>
    public static string RootOf(HttpRequest request)
    {
        var url = Of(request);
        return url[..(url.IndexOf(Version, StringComparison.OrdinalIgnoreCase) + Version.Length - 1)];
    }

    /// <summary>The address of another page of the same list: all parameters as they were sent, but this one, which comes last.</summary>
    /// <param name="request">The request for one page.</param>
    /// <param name="parameter">The parameter that tells pages apart.</param>
    /// <returns>Makes the address from the parameter's value, which must need no escaping.</returns>
    public static Func<string, string> PageOf(HttpRequest request, string parameter)
    {
        var start = $"{Of(request)}?{OtherParameters(request.QueryString, parameter)}{parameter}=";
        return value => start + value;
    }

    /// <summary>All parameters but one, as they were sent; but what a URL may not hold is escaped.</summary>
    private static string OtherParameters(QueryString query, string parameter) =>
        string.Concat(new Uri("http://localhost/" + query.Value).Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Where(pair => !pair.Equals(parameter, StringComparison.OrdinalIgnoreCase) && !pair.StartsWith(parameter + "=", StringComparison.OrdinalIgnoreCase))
            .Select(pair => pair + "&"));
}
