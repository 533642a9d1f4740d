using Microsoft.AspNetCore.Http;

namespace Parley.Functions.Api.Responses;

internal static class ResponseBody
{
    /// <summary>The content type of successful responses; problem responses have their own.</summary>
    public const string Json = "application/json; charset=utf-8";

    /// <summary>
    /// Sets the headers of every response. Caches must not store a response, because it is meant for one caller, and
    /// browsers must not guess its type.
    /// </summary>
    public static void SetHeaders(HttpResponse response, int status, string contentType)
    {
        response.StatusCode = status;
        response.ContentType = contentType;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
    }

    /// <summary>Writes a complete body with Content-Length.</summary>
    public static async Task WriteAsync(HttpContext context, int status, string contentType, byte[] body)
    {
        SetHeaders(context.Response, status, contentType);
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }
}
