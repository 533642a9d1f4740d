using Microsoft.AspNetCore.Http;
using Parley.Assistants.Records;
using Parley.Exports;
using Parley.Functions.Api.Requests;
using Parley.Spreadsheets;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Records as a workbook, written to the client as they are read. What fails on the way ends the connection: half a workbook does not open.</summary>
/// <param name="records">The records.</param>
/// <param name="language">Of headings and words.</param>
internal sealed class RecordsFileResult(IAsyncEnumerable<Record> records, ExportLanguage language) : IResult
{
    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        JsonBody.SetHeaders(response, StatusCodes.Status200OK, ExportFiles.MediaType(TableFormat.Xlsx));
        response.Headers.ContentDisposition = "attachment; filename=\"chatbot_records.xlsx\"";
        return RecordTable.WriteXlsxAsync(records, language, response.Body, httpContext.RequestAborted);
    }
}
