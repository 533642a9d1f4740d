using Microsoft.AspNetCore.Http;

namespace Parley.Functions.Http;

/// <summary>Writes a JSON body that is already whole, with its length.</summary>
internal static class JsonBody
{
    /// <summary>Writes it. Answers are one caller's own, so nobody may keep them, and they are nothing but JSON.</summary>
    public static async Task WriteAsync(HttpContext context, int status, string contentType, byte[] body)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = contentType;
        response.ContentLength = body.Length;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        await response.Body.WriteAsync(body, context.RequestAborted);
    }
}
