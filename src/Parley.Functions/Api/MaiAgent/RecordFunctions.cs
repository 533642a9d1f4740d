using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Completions;
using Parley.Assistants.Records;
using Parley.Core;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Tenants;
using Parley.Tenants.Limits;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Records: the questions to a chatbot, its replies, and their evaluation scores.</summary>
public sealed class RecordFunctions(
    ApiEndpoint endpoint,
    ChatbotReader chatbots,
    RecordReader reader,
    RecordScores scores,
    TenantBounds bounds)
{
    /// <summary>A body has at most six numbers.</summary>
    private const int MaxBody = 16 * 1024;

    /// <summary>
    /// Records of a workbook that is written while the client waits: the cloud's front end ends a response after 230 s.
    /// </summary>
    private const int MaxInWorkbook = 10_000;

    [Function("ChatbotRecordsList")]
    [RequiresScope(Scopes.AssistantsUse)]
    public Task List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/chatbots/{id}/records")]
        HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            var query = QueryFields.Of(request);
            var range = ReadRange(query);
            var size = query.PageSize(CursorList.DefaultPageSize, CursorList.MaxPageSize);
            var page = query.Page(size, RecordReader.MaxReach);
            query.ThrowIfInvalid();

            var chatbot = await chatbots.GetAsync(call.Chatbot(id), call.Cancellation);
            var found = await reader.ListAsync(chatbot, range, page, size, call.Cancellation);
            query.RequireExisting(page, size, found.Count);
            return RecordForms.All[call.Caller.Dialect].RespondPage(found, page, size, request);
        });

    /// <inheritdoc cref="List"/>
    [Function("ChatbotRecordsListUnversioned")]
    [RequiresScope(Scopes.AssistantsUse)]
    public Task ListUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "chatbots/{id}/records")] HttpRequest request,
        string id) =>
        List(request, id);

    [Function("ChatbotRecordsExport")]
    [RequiresScope(Scopes.AssistantsUse)]
    public Task Export(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/chatbots/{id}/records/export-excel")]
        HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            call.Hold(bounds.Downloads.Take(call.Caller.Tenant));
            var query = QueryFields.Of(request);
            var range = ReadRange(query);
            var layout = RecordForms.All[call.Caller.Dialect].ReadLayout(query);
            query.ThrowIfInvalid();

            var chatbot = await chatbots.GetAsync(call.Chatbot(id), call.Cancellation);
            if (await reader.HasMoreThanAsync(chatbot, range, MaxInWorkbook, call.Cancellation))
            {
                throw ErrorCode.TooManyRecords.With(
                    $"The range has more than {MaxInWorkbook} records. Send a shorter one, or have the file written in "
                    + $"the background: POST /v1/chatbots/{chatbot.Key.Number}/records/export.");
            }

            return new RecordsFileResult(reader.ReadAllAsync(chatbot, range, call.Cancellation), layout);
        });

    /// <inheritdoc cref="Export"/>
    [Function("ChatbotRecordsExportUnversioned")]
    [RequiresScope(Scopes.AssistantsUse)]
    public Task ExportUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "chatbots/{id}/records/export-excel")]
        HttpRequest request, string id) =>
        Export(request, id);

    /// <summary>Changes the scores of a record.</summary>
    [Function("ChatbotRecordsUpdate")]
    [RequiresScope(Scopes.AssistantsUse)]
    public Task Update(
        [HttpTrigger(AuthorizationLevel.Anonymous, "patch", Route = "v1/chatbots/{id}/records/{recordId}")]
        HttpRequest request,
        string id,
        string recordId) =>
        endpoint.RunAsync(request, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var change = ReadChange(fields);
            var expected = RequestHeaders.ReadPreconditions(request);
            fields.ThrowIfInvalid();

            var chatbot = await chatbots.GetAsync(call.Chatbot(id), call.Cancellation);
            var completion = await scores.ChangeAsync(chatbot, recordId, change, expected, call.Cancellation);
            var record = await reader.ReadAsync(completion, call.Cancellation);
            return RecordForms.All[call.Caller.Dialect].Respond(record, completion.Revision);
        });

    /// <inheritdoc cref="Update"/>
    [Function("ChatbotRecordsUpdateUnversioned")]
    [RequiresScope(Scopes.AssistantsUse)]
    public Task UpdateUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "patch", Route = "chatbots/{id}/records/{recordId}")]
        HttpRequest request, string id, string recordId) =>
        Update(request, id, recordId);

    private static RecordRange ReadRange(QueryFields query)
    {
        var (from, to) = (query.Time("from"), query.Time("to"));
        if (from > to)
        {
            query.Fail("from", "Must not be after to.");
        }

        return new RecordRange(from, to);
    }

    /// <summary>An absent score keeps its value; null clears it.</summary>
    private static Func<CompletionScores, CompletionScores> ReadChange(Fields fields)
    {
        var any = false;
        var faithfulness = Score("faithfulnessScore");
        var answerRelevancy = Score("answerRelevancyScore");
        var contextPrecision = Score("contextPrecisionScore");
        var answerCorrectness = Score("answerCorrectnessScore");
        var answerSimilarity = Score("answerSimilarityScore");
        var contextRecall = Score("contextRecallScore");
        if (!any)
        {
            fields.Fail("body", "Must have a score.");
        }

        return stored => new CompletionScores(
            faithfulness(stored.Faithfulness),
            answerRelevancy(stored.AnswerRelevancy),
            contextPrecision(stored.ContextPrecision),
            answerCorrectness(stored.AnswerCorrectness),
            answerSimilarity(stored.AnswerSimilarity),
            contextRecall(stored.ContextRecall));

        Func<double?, double?> Score(string name)
        {
            if (!fields.Has(name))
            {
                return stored => stored;
            }

            any = true;
            var score = fields.Number(name, 0, 1);
            return _ => score;
        }
    }
}
