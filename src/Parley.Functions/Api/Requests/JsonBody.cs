using Microsoft.AspNetCore.Http;

namespace Parley.Functions.Api.Requests;

/// <summary>Writes JSON bodies.</summary>
internal static class JsonBody
{
    /// <summary>The content type of answers that are no problems.</summary>
    public const string Json = "application/json; charset=utf-8";

    /// <summary>Sets what every answer has: answers are one caller's own, so nobody may keep them, and they are nothing but JSON.</summary>
    public static void SetHeaders(HttpResponse response, int status, string contentType)
    {
        response.StatusCode = status;
        response.ContentType = contentType;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
    }

    /// <summary>Writes a body that is already whole, with its length.</summary>
    public static async Task WriteAsync(HttpContext context, int status, string contentType, byte[] body)
    {
        SetHeaders(context.Response, status, contentType);
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }
}
