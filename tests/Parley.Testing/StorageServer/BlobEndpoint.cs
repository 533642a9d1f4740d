using Azure.Core;
using Azure.Core.Pipeline;
using Microsoft.AspNetCore.Http;
using Parley.Testing.BlobService;

namespace Parley.Testing.Storage;

/// <summary>Blobs over HTTP.</summary>
internal sealed class BlobEndpoint(StrictBlobs blobs)
{
    // Headers that concern only the connection.
    private static readonly HashSet<string> HopByHop = new(StringComparer.OrdinalIgnoreCase) { "Connection", "Keep-Alive", "Transfer-Encoding", "Accept-Encoding" };

    public async ValueTask<StorageRequest> ReadAsync(HttpContext context)
    {
        var body = await context.Request.ReadBodyAsync(context.RequestAborted);
        var request = HttpClientTransport.Shared.CreateRequest();
        request.Method = RequestMethod.Parse(context.Request.Method);
        request.Uri.Reset(WithoutAccount(new Uri(context.RawUrl())));
        if (body.Length > 0)
        {
            request.Content = RequestContent.Create(body);
        }

        foreach (var (name, values) in context.Request.Headers)
        {
            if (!HopByHop.Contains(name))
            {
                request.Headers.Add(name, values.ToString());
            }
        }

        var read = BlobRequestReader.Read(request);
        return new StorageRequest(
            null,
            1,
            0,
            response => Write(response, request, blobs.Execute(read)),
            response => Write(response, request, ServiceResponse.Refuse(BlobError.ServerBusy)));
    }

    /// <summary>Where the host is an IP address, the account is the first segment of the path.</summary>
    private static Uri WithoutAccount(Uri url)
    {
        var segments = url.AbsolutePath.Split('/', 3);
        return new UriBuilder(url) { Path = segments.Length < 3 ? "/" : "/" + segments[2] }.Uri;
    }

    private static void Write(HttpResponse response, Request request, ServiceResponse answer)
    {
        using var written = ResponseWriter.Write(answer, request);
        response.StatusCode = written.Status;
        foreach (var header in written.Headers)
        {
            response.Headers[header.Name] = header.Value;
        }

        if (written.ContentStream is MemoryStream { Length: > 0 } body && body.TryGetBuffer(out var bytes))
        {
            response.WriteBody(bytes);
        }
        else if (written.ContentStream is MemoryStream { Length: > 0 } copied)
        {
            response.WriteBody(copied.ToArray());
        }
    }
}
