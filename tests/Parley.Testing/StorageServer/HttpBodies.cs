using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Parley.Testing.Storage;

/// <summary>Reads bodies and addresses of requests, and writes bodies of responses.</summary>
internal static class HttpBodies
{
    /// <summary>Reads the whole body into an array of its length.</summary>
    public static async ValueTask<ReadOnlyMemory<byte>> ReadBodyAsync(this HttpRequest request, CancellationToken cancellation)
    {
        if (request.ContentLength is 0 || (request.ContentLength is null && !request.Headers.ContainsKey("Transfer-Encoding")))
        {
            return default;
        }

        if (request.ContentLength is { } length)
        {
            var bytes = GC.AllocateUninitializedArray<byte>((int)length);
            await request.Body.ReadExactlyAsync(bytes, cancellation);
            return bytes;
        }

        using var stream = new MemoryStream();
        await request.Body.CopyToAsync(stream, cancellation);
        return stream.GetBuffer().AsMemory(0, (int)stream.Length);
    }

    /// <summary>The absolute URL as it was sent, with its escapes.</summary>
    public static string RawUrl(this HttpContext context) =>
        $"http://{context.Request.Host.Value}{context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget}";

    public static void WriteBody(this HttpResponse response, ReadOnlySpan<byte> body)
    {
        if (body.Length > 0)
        {
            response.ContentLength = body.Length;
            response.BodyWriter.Write(body);
        }
        else if (response.StatusCode is not (204 or 304))
        {
            response.ContentLength ??= 0;
        }
    }
}
