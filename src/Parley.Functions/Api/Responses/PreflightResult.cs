using Microsoft.AspNetCore.Http;

namespace Parley.Functions.Api.Responses;

/// <summary>
/// A 204 response to a browser's preflight request (WHATWG Fetch, "CORS-preflight request"): which methods and request
/// headers a page of an allowed origin may send.
/// </summary>
/// <param name="methods">The methods that the path accepts, separated by commas.</param>
internal sealed class PreflightResult(string methods) : IResult
{
    /// <summary>
    /// Every request header that the API reads. They are named one by one, because <c>*</c> does not include
    /// Authorization.
    /// </summary>
    internal const string AllowedHeaders =
        "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-Tenant";

    /// <summary>Two hours: Chromium keeps a result no longer.</summary>
    internal const string MaxAgeSeconds = "7200";

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var headers = httpContext.Response.Headers;
        headers.AccessControlAllowMethods = methods;
        headers.AccessControlAllowHeaders = AllowedHeaders;
        headers.AccessControlMaxAge = MaxAgeSeconds;
        return new NoContentResult().ExecuteAsync(httpContext);
    }
}
