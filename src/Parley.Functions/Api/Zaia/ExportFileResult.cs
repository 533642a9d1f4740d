using Microsoft.AspNetCore.Http;
using Parley.Exports;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.Zaia;

/// <summary>
/// Streams the file of an export from storage. The header Repr-Digest (RFC 9530) lets the client check the file.
/// </summary>
/// <param name="export">A completed export.</param>
/// <param name="content">The file. It is disposed after the response is written.</param>
public sealed class ExportFileResult(Export export, Stream content) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        await using var file = content;
        var response = httpContext.Response;
        ResponseBody.SetHeaders(response, StatusCodes.Status200OK, ExportFiles.MediaType(export.Format));
        response.ContentLength = export.Bytes;
        response.Headers.ContentDisposition = ExportFiles.Disposition(export);
        response.Headers["Repr-Digest"] = $"sha-256=:{Convert.ToBase64String(Convert.FromHexString(export.Sha256!))}:";
        await file.CopyToAsync(response.Body, httpContext.RequestAborted);
    }
}
