using Microsoft.AspNetCore.Http;
using Parley.Exports;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.Zaia;

/// <summary>
/// Streams the file of an export from storage. The header Repr-Digest (RFC 9530) lets the client check the file, and
/// the digest is the ETag too.
/// </summary>
/// <param name="export">A completed export.</param>
/// <param name="open">Opens the file. It is called only if the response has a body.</param>
public sealed class ExportFileResult(Export export, Func<Task<Stream>> open) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.Headers.ETag = $"\"{export.Sha256}\"";
        if (NotModified.TrySend(httpContext, tagCoversBody: true))
        {
            return;
        }

        ResponseBody.SetHeaders(response, StatusCodes.Status200OK, ExportFiles.MediaType(export.Format));
        response.ContentLength = export.Bytes;
        response.Headers.ContentDisposition = ExportFiles.Disposition(export);
        response.Headers["Repr-Digest"] = $"sha-256=:{Convert.ToBase64String(Convert.FromHexString(export.Sha256!))}:";
        if (ResponseBody.IsOmitted(httpContext))
        {
            return;
        }

        await using var file = await open();
        await file.CopyToAsync(response.Body, httpContext.RequestAborted);
    }
}
