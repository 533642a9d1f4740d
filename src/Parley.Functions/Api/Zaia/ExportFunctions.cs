using Azure;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Assistants.Chatbots;
using Parley.Core;
using Parley.Exports;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Storage;
using Parley.Tenants;
using Parley.Tenants.Limits;
using Parley.Webhooks;

namespace Parley.Functions.Api.Zaia;

/// <summary>Exports of messages: creation in the format of Zaia, status, file, removal and callback.</summary>
public sealed class ExportFunctions(
    ApiEndpoint endpoint,
    ExportCreation creation,
    ExportStore exports,
    ExportRemoval removal,
    ExportRedelivery redelivery,
    ExportFiles files,
    AllowedHosts allowed,
    ChatbotReader chatbots,
    ExportOptions options,
    TenantBounds bounds,
    TimeProvider time)
{
    /// <summary>A URL of maximum length fits even if every character is escaped.</summary>
    private const int MaxBody = 32 * 1024;

    [Function("ChatMessagesExport")]
    [Costs(LimitUnits.Exports)]
    [RequiresScope(Scopes.ExportsWrite)]
    public Task Create(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/chat-messages/export")] HttpRequest request) =>
        endpoint.RunAsync(request, call => CreateAsync(request, call, chatbot: null));

    /// <summary>
    /// Exports a chatbot's records. It is no function of records, because the export that it creates is read, removed
    /// and called back as every other one.
    /// </summary>
    [Function("ChatbotRecordsExportCreate")]
    [Costs(LimitUnits.Exports)]
    [RequiresScope(Scopes.ExportsWrite)]
    public Task CreateOfRecords(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/chatbots/{id}/records/export")]
        HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, call => CreateAsync(request, call, id));

    private async Task<IResult> CreateAsync(HttpRequest request, Call call, string? chatbot)
    {
        var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
        var draft = ExportFields.Read(fields, allowed);
        var key = RequestHeaders.ReadIdempotencyKey(
            request,
            fields,
            $"{draft.RangeStart:O}",
            $"{draft.RangeEnd:O}",
            draft.CallbackUrl,
            $"{draft.Language}",
            $"{draft.Format}");
        var isEndKnown = draft.RangeEnd is not null || fields.IsAbsent("rangeEnd");
        if ((key is null || fields.IsInvalid)
            && isEndKnown
            && ExportRange.Of(draft.RangeStart, draft.RangeEnd, time.GetUtcNow(), options.MaxRangeMonths)
                .InvalidReason is { } invalid)
        {
            // The range is not checked when its end is malformed. With an idempotency key it is checked later, once
            // the key is known to be new, so that a replayed key returns the first response.
            fields.Fail(invalid.Field, invalid.Text);
        }

        fields.ThrowIfInvalid();
        if (chatbot is not null)
        {
            var found = await chatbots.GetAsync(call.Chatbot(chatbot), call.Cancellation);
            draft = draft with { Chatbot = found.Key.Number };
        }

        var (export, replayed) = await creation.CreateAsync(call.Caller.Tenant, draft, key, call.Cancellation);
        var taken = new ExportAcceptedResponse(
            "The export has begun; the callback URL is called when it has ended.",
            export.Id);
        return new JsonResult<ExportAcceptedResponse>(taken, ZaiaJson.Default.ExportAcceptedResponse)
        {
            Replayed = replayed,
            Location = $"{PublicUrl.RootOf(request)}/exports/{export.Id}",
        };
    }

    [Function("ExportsList")]
    [RequiresScope(Scopes.ExportsWrite)]
    public Task List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/exports")] HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var query = new QueryFields(request.Query);
            var cursor = query.Cursor();
            var pageSize = query.Number("pageSize", CursorList.DefaultPageSize, 1, CursorList.MaxPageSize);
            query.ThrowIfInvalid();
            var page = await exports.ListAsync(call.Caller.Tenant, cursor, pageSize, call.Cancellation);
            var answers = new List<ExportResponse>(page.Items.Count);
            foreach (var export in page.Items)
            {
                answers.Add(await ShapeAsync(export, call.Cancellation));
            }

            return new JsonResult<CursorList<ExportResponse>>(
                CursorList.Create(answers, page.Next, page.Previous, request),
                ZaiaJson.Default.CursorListExportResponse);
        });

    [Function("ExportsGet")]
    [RequiresScope(Scopes.ExportsWrite)]
    public Task Get(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/exports/{id}")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
            await RespondAsync(await exports.GetAsync(call.Caller.Tenant, id, call.Cancellation), call));

    [Function("ExportsContent")]
    [RequiresScope(Scopes.ExportsWrite)]
    public Task Content(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/exports/{id}/content")]
        HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            call.Hold(bounds.Downloads.Take(call.Caller.Tenant));
            var export = await exports.GetAsync(call.Caller.Tenant, id, call.Cancellation);
            if (export.Status != ExportStatus.Completed)
            {
                throw NoFile(export);
            }

            return new ExportFileResult(export, () => OpenAsync(call, id, export));
        });

    /// <summary>Cancels an export that has not ended, or removes the file of one that has.</summary>
    [Function("ExportsDelete")]
    [RequiresScope(Scopes.ExportsWrite)]
    public Task Delete(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "v1/exports/{id}")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            if (RequestHeaders.ExcludesExisting(request))
            {
                _ = await exports.GetAsync(call.Caller.Tenant, id, call.Cancellation);
                throw ErrorCode.StaleRevision.With("The export exists, and If-None-Match excludes that.");
            }

            return await RespondAsync(await removal.RemoveAsync(call.Caller.Tenant, id, call.Cancellation), call);
        });

    /// <summary>Delivers the callback again.</summary>
    [Function("ExportsCallback")]
    [RequiresScope(Scopes.ExportsWrite)]
    public Task Callback(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/exports/{id}/callback")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
            await RespondAsync(await redelivery.DeliverAsync(call.Caller.Tenant, id, call.Cancellation), call));

    private async Task<Stream> OpenAsync(Call call, string id, Export export)
    {
        try
        {
            return await files.OpenAsync(export, call.Cancellation);
        }
        catch (RequestFailedException e) when (e.IsNotFound())
        {
            // The file was removed after the row was read.
            throw NoFile(await exports.GetAsync(call.Caller.Tenant, id, call.Cancellation));
        }
    }

    private static ParleyException NoFile(Export export) =>
        ErrorCode.ExportStatus.With($"The export is {EnumNames.Of(export.Status)}: it has no file.");

    private async Task<IResult> RespondAsync(Export export, Call call) =>
        new JsonResult<ExportResponse>(await ShapeAsync(export, call.Cancellation), ZaiaJson.Default.ExportResponse);

    private async Task<ExportResponse> ShapeAsync(Export export, CancellationToken cancellation) =>
        ExportResponse.Of(export, await files.LinkAsync(export, cancellation));
}
