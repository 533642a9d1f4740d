using Microsoft.AspNetCore.Http;
using Parley.Exports;
using Parley.Functions.Api.Requests;

namespace Parley.Functions.Api.Zaia;

/// <summary>An export's file, streamed from storage in flat memory, with its digest (RFC 9530), so that whoever has it can prove that it is whole.</summary>
/// <param name="export">One that is completed.</param>
/// <param name="content">Its file; disposed.</param>
public sealed class ExportFileResult(Export export, Stream content) : IResult
{
    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        await using var file = content;
        var response = httpContext.Response;
        JsonBody.SetHeaders(response, StatusCodes.Status200OK, ExportFiles.MediaType(export.Format));
        response.ContentLength = export.Bytes;
        response.Headers.ContentDisposition = ExportFiles.Disposition(export);
        response.Headers["Repr-Digest"] = $"sha-256=:{Convert.ToBase64String(Convert.FromHexString(export.Sha256!))}:";
        await file.CopyToAsync(response.Body, httpContext.RequestAborted);
    }
}
