using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Files;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Tenants;
using Parley.Tenants.Limits;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Files that are uploaded before their messages, in the steps that MaiAgent describes.</summary>
public sealed class UploadFunctions(
    ApiEndpoint endpoint,
    ConversationReader conversations,
    Uploads uploads,
    UploadLinks links,
    TenantReader tenants,
    TenantBounds bounds)
{
    private const int MaxBody = 16 * 1024;

    /// <summary>A name of maximum length fits in UTF-8.</summary>
    private const int MaxTextPart = 4 * 1024;

    /// <summary>Far more than clients send: the file, its name and type, and the fields of the link.</summary>
    private const int MaxParts = 100;

    /// <summary>Creates a link that takes one file without an API key.</summary>
    [Function("UploadLinksCreate")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task CreateLink(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/upload-presigned-url")] HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var name = fields.RequiredText("filename", 1, Attachment.MaxName);
            fields.WholeNumber("fileSize", 1, (int)FileStore.MaxBytes);
            fields.ThrowIfInvalid();

            var link = await links.CreateAsync(uploads.NewId(call.Caller.Tenant), call.Cancellation);
            return new JsonResult<UploadLinkResponse>(
                UploadLinkResponse.Of(link, FileName.Clean(name), request), MaiAgentJson.Default.UploadLinkResponse);
        });

    /// <inheritdoc cref="CreateLink"/>
    [Function("UploadLinksCreateUnversioned")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task CreateLinkUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "upload-presigned-url")] HttpRequest request) =>
        CreateLink(request);

    /// <summary>Takes the file of a link. The link's signature admits the request.</summary>
    [Function("UploadsReceive")]
    [OpenToAll]
    public Task Receive(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/uploads/{id}")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async () =>
        {
            var cancellation = request.HttpContext.RequestAborted;
            var link = ReadLink(request, id) ?? throw UploadLinks.Refused();
            await links.RequireAsync(link, cancellation);
            var tenant = await tenants.GetAsync(link.Id.Conversation.Tenant, cancellation);
            if (tenant.State != TenantState.Active)
            {
                throw UploadLinks.Refused();
            }

            using var slot = await bounds.Uploads.WaitAsync(tenant.Id, cancellation);
            await ReceiveAsync(request, link.Id);
            return new NoContentResult();
        });

    /// <summary>
    /// Creates an attachment for a message: of an uploaded file, or of the file in the body.
    /// </summary>
    [Function("AttachmentsCreate")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task Create(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/attachments")] HttpRequest request) =>
        endpoint.RunAsync(request, async call => await CreateAsync(call));

    /// <inheritdoc cref="Create"/>
    [Function("AttachmentsCreateUnversioned")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task CreateUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "attachments")] HttpRequest request) =>
        Create(request);

    /// <inheritdoc cref="Create"/>
    [Function("ConversationAttachmentsCreate")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task CreateInConversation(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/conversations/{id}/attachments")]
        HttpRequest request, string id) =>
        endpoint.RunAsync(request, async call =>
        {
            await conversations.GetAsync(call.Conversation(id), call.Cancellation);
            return await CreateAsync(call);
        });

    /// <inheritdoc cref="Create"/>
    [Function("ConversationAttachmentsCreateUnversioned")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task CreateInConversationUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "conversations/{id}/attachments")]
        HttpRequest request, string id) =>
        CreateInConversation(request, id);

    private async Task<JsonResult<AttachmentResponse>> CreateAsync(Call call)
    {
        var upload = new HeaderParameters(call.Request.ContentType).Is("multipart/form-data")
            ? await UploadAsync(call)
            : await FindAsync(call);
        var link = await uploads.LinkAsync(upload, call.Cancellation);
        return new JsonResult<AttachmentResponse>(
            AttachmentResponse.Of(upload, link),
            MaiAgentJson.Default.AttachmentResponse,
            StatusCodes.Status201Created);
    }

    private async Task<Upload> UploadAsync(Call call)
    {
        call.Hold(await bounds.Uploads.WaitAsync(call.Caller.Tenant, call.Cancellation));
        return await ReceiveAsync(call.Request, uploads.NewId(call.Caller.Tenant));
    }

    /// <summary>Reads the file of a form, and its name and type if the form has them.</summary>
    private async Task<Upload> ReceiveAsync(HttpRequest request, EntityId id)
    {
        var cancellation = request.HttpContext.RequestAborted;
        var (fields, upload) = await MultipartBody.ReadAsync(
            request,
            "file",
            ["filename", "type"],
            MaxTextPart,
            MaxParts,
            async (content, name) =>
                await uploads.AddAsync(id, content, name, cancellation) ?? throw UploadLinks.Refused());
        if (upload is null)
        {
            fields.Fail("file", "Is required.");
        }

        var (given, type) = (fields.Text("filename", 1, Attachment.MaxName), AttachmentType(fields));
        fields.ThrowIfInvalid();
        return await uploads.ChangeAsync(upload!, given, type, cancellation);
    }

    private async Task<Upload> FindAsync(Call call)
    {
        var fields = await RequestBody.ReadFieldsAsync(call.Request, MaxBody);
        var file = fields.RequiredText("file", 1, Attachment.MaxUrl);
        var name = fields.Text("filename", 1, Attachment.MaxName);
        var type = AttachmentType(fields);
        fields.ThrowIfInvalid();

        var upload = IdIn(file, call.Caller.Tenant) is { } id
            ? await uploads.FindAsync(call.Caller.Tenant, id, call.Cancellation)
            : null;
        return await uploads.ChangeAsync(
            upload ?? throw ParleyException.Field("file", "Must be the key or the URL of an uploaded file."),
            name,
            type,
            call.Cancellation);
    }

    private static string? AttachmentType(Fields fields) =>
        fields.Choice("type", "image", "video", "audio", "sticker", "other");

    /// <summary>The id of an upload, which is a segment of its key and of its URL.</summary>
    private static string? IdIn(string file, TenantId tenant) => file.Split('/', '?')
        .Select(segment => Guid.TryParse(segment, out var id) ? $"{id}" : "")
        .FirstOrDefault(id => EntityId.TryParse(id, EntityKind.Upload, tenant, out _));

    private static UploadLink? ReadLink(HttpRequest request, string id) =>
        Ids.TryParseUuid(id, out var uuid)
        && EntityId.TryFromGuid(uuid, EntityKind.Upload, out var upload)
        && long.TryParse(
            request.Query["expires"].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var expiresAt)
            ? new UploadLink(upload, expiresAt, request.Query["signature"].ToString())
            : null;
}
