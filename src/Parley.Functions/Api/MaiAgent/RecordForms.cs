using Microsoft.AspNetCore.Http;
using Parley.Assistants.Records;
using Parley.Functions.Api.Dialects;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Functions.Api.Zaia;
using Parley.Spreadsheets;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>The answers with records, in the form of one dialect.</summary>
/// <param name="Respond">Answers with one record and its revision.</param>
/// <param name="RespondPage">Answers with a page; the numbers are those of the page and of its size.</param>
/// <param name="ReadLayout">Reads the columns of the workbook from the request's parameters.</param>
internal sealed record RecordForms(
    Func<Record, int, IResult> Respond,
    Func<RecordPage, int, int, HttpRequest, IResult> RespondPage,
    Func<QueryFields, IRecordLayout> ReadLayout)
{
    public static readonly PerDialect<RecordForms> All = new(new RecordForms(Parley, ParleyPage, ParleyLayout))
    {
        Maiagent = new RecordForms(Maiagent, MaiagentPage, MaiagentLayout),
    };

    private static JsonResult<RecordResponse> Parley(Record record, int revision) =>
        new(RecordResponse.Of(record), MaiAgentJson.Default.RecordResponse) { Revision = revision };

    private static JsonResult<CountedList<RecordResponse>> ParleyPage(
        RecordPage found, int page, int size, HttpRequest request) =>
        new(Page(found, RecordResponse.Of, page, size, request), MaiAgentJson.Default.CountedListRecordResponse)
        {
            IsCountCapped = found.IsCapped,
        };

    private static JsonResult<MaiAgentRecord> Maiagent(Record record, int revision) =>
        new(MaiAgentRecord.Of(record), MaiAgentDialectJson.Default.MaiAgentRecord) { Revision = revision };

    private static JsonResult<CountedList<MaiAgentRecord>> MaiagentPage(
        RecordPage found, int page, int size, HttpRequest request) =>
        new(Page(found, MaiAgentRecord.Of, page, size, request), MaiAgentDialectJson.Default.CountedListMaiAgentRecord)
        {
            IsCountCapped = found.IsCapped,
        };

    private static RecordTable ParleyLayout(QueryFields query) =>
        new(TableFormat.Xlsx, ExportFields.ReadLanguage(query));

    /// <summary>MaiAgent's own columns, unless the client names a language, which only Parley's paths take.</summary>
    private static IRecordLayout MaiagentLayout(QueryFields query) =>
        query.IsAbsent("language") ? new ReviewTable() : ParleyLayout(query);

    private static CountedList<T> Page<T>(
        RecordPage found, Func<Record, T> of, int page, int size, HttpRequest request)
    {
        // The next page is not linked when it would exceed the reach of paging.
        var hasNext = (page * size < found.Count || found.IsCapped) && (page + 1) * size <= RecordReader.MaxReach;
        return CountedList.OfNumbers(found.Count, [.. found.Records.Select(of)], page, hasNext, request);
    }
}
