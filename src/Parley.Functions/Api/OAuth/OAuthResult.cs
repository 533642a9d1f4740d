using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.OAuth;

/// <summary>
/// A JSON response with the header fields of OAuth. Responses that no cache may store have <c>Pragma</c> too,
/// for caches of HTTP/1.0 (RFC 6749, section 5.1).
/// </summary>
internal sealed class OAuthResult<T>(T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK) : IResult
{
    /// <summary>The time for which caches may keep the response; null when they must not store it.</summary>
    public TimeSpan? MaxAge { get; init; }

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        if (NotModified.TrySend(httpContext, tagCoversBody: false))
        {
            return;
        }

        var (response, headers) = (httpContext.Response, httpContext.Response.Headers);
        var body = JsonSerializer.SerializeToUtf8Bytes(value, type);
        ResponseBody.SetHeaders(response, status, ResponseBody.Json);
        if (MaxAge is { } age)
        {
            headers.CacheControl = $"public, max-age={(int)age.TotalSeconds}";
        }
        else
        {
            headers.Pragma = "no-cache";
        }

        if (status == StatusCodes.Status401Unauthorized)
        {
            headers.WWWAuthenticate = "Basic realm=\"parley\"";
        }

        response.ContentLength = body.Length;
        if (!ResponseBody.IsOmitted(httpContext))
        {
            await response.Body.WriteAsync(body, httpContext.RequestAborted);
        }
    }
}
