using Microsoft.AspNetCore.Http;
using Parley.Assistants.Records;
using Parley.Exports;
using Parley.Functions.Api.Responses;
using Parley.Spreadsheets;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>
/// Writes records as a workbook while they are read. A failure ends the connection; a partial workbook does not open.
/// </summary>
/// <param name="records">The records, one per row.</param>
/// <param name="layout">The columns.</param>
internal sealed class RecordsFileResult(IAsyncEnumerable<Record> records, IRecordLayout layout) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        if (NotModified.TrySend(httpContext, tagCoversBody: false))
        {
            return Task.CompletedTask;
        }

        var response = httpContext.Response;
        ResponseBody.SetHeaders(response, StatusCodes.Status200OK, ExportFiles.MediaType(TableFormat.Xlsx));
        response.Headers.ContentDisposition = "attachment; filename=\"chatbot_records.xlsx\"";
        return ResponseBody.IsOmitted(httpContext)
            ? Task.CompletedTask
            : RecordWorkbook.WriteAsync(records, layout, response.Body, httpContext.RequestAborted);
    }
}
