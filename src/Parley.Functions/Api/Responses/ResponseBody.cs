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
    /// <param name="response">The response.</param>
    /// <param name="status">The status code.</param>
    /// <param name="contentType">The media type of the body; null for a response without a body.</param>
    public static void SetHeaders(HttpResponse response, int status, string? contentType)
    {
        response.StatusCode = status;
        response.ContentType = contentType;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
    }

    /// <summary>
    /// True when only the headers are sent. A result then neither reads nor produces its body, so that HEAD costs no
    /// more storage calls than GET.
    /// </summary>
    public static bool IsOmitted(HttpContext context) => HttpMethods.IsHead(context.Request.Method);

    /// <summary>Writes a complete body with Content-Length; for HEAD, the header alone.</summary>
    public static async Task WriteAsync(HttpContext context, int status, string contentType, ReadOnlyMemory<byte> body)
    {
        SetHeaders(context.Response, status, contentType);
        context.Response.ContentLength = body.Length;
        if (!IsOmitted(context))
        {
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
        }
    }
}
