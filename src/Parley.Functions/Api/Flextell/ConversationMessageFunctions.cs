using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Files;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Dialects;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Senders;
using Parley.Tenants;
using Parley.Tenants.Limits;

namespace Parley.Functions.Api.Flextell;

/// <summary>Messages of a conversation, in the format of Flextell.</summary>
public sealed class ConversationMessageFunctions(
    ApiEndpoint endpoint,
    ConversationReader conversations,
    MessagePages pages,
    MessageAppend append,
    MediaMessages media,
    MessageChange change,
    MessageReading reading,
    SenderReader senders,
    FileStore files,
    TenantBounds bounds)
{
    private const int MaxMessage = 5000;

    /// <summary>The name of customer's messages without one of their own: Flextell's have the contact's.</summary>
    private static readonly PerDialect<Func<Conversation, string?>> CustomerNames = new(_ => null)
    {
        Flextell = conversation => conversation.Contact?.Name,
    };

    /// <summary>A message and metadata of maximum length fit even if every character is escaped.</summary>
    private const int MaxBody = 256 * 1024;

    /// <summary>A message of maximum length fits in UTF-8.</summary>
    private const int MaxTextPart = 32 * 1024;

    [Function("ConversationMessagesList")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/conversations/{id}/messages")]
        HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            var query = new QueryFields(request.Query);
            var page = query.Number("page", 1, 1, int.MaxValue);
            var perPage = query.Number("per_page", PerPage.Default, 1, PerPage.Max);
            var newestFirst = query.Choice("order", "desc", "asc") == "desc";
            query.ThrowIfInvalid();

            var found = await pages.ReadAsync(call.Conversation(id), page, perPage, newestFirst, call.Cancellation);
            var links = await files.LinksAsync(found.Messages, call.Cancellation);
            var customer = CustomerNames[call.Caller.Dialect](found.Conversation);
            var data = found.Messages
                .Select(message => ConversationMessage.Of(message, found.QuotedTexts, links, customer))
                .ToList();
            return new JsonResult<Paginator<ConversationMessage>>(
                Paginator.Create(data, page, perPage, found.Total, request),
                FlextellJson.Default.PaginatorConversationMessage);
        });

    [Function("ConversationMessagesPost")]
    [Costs(LimitUnits.Messages)]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task Post(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/conversations/{id}/messages")]
        HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var text = fields.RequiredVisibleText("message", MaxMessage);
            var quoted = fields.Id("quoted_message_id");
            var sender = fields.Id("sender");
            var metadata = fields.Object("metadata", Limits.Json);
            var key = RequestHeaders.ReadIdempotencyKey(request, fields, text, quoted, sender, metadata);
            fields.ThrowIfInvalid();

            var draft = await DraftAsync(call, text, sender, quoted, metadata);
            return Sent(await append.AppendAsync(call.Conversation(id), draft, key, call.Cancellation));
        });

    [Function("ConversationMessagesMedia")]
    [Costs(LimitUnits.Messages)]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task PostMedia(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/conversations/{id}/messages/media")]
        HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            // The blob name of the file contains the conversation, and the file is uploaded while the body is read. So
            // the conversation is read before the body: an unknown one costs no upload.
            var conversation = call.Conversation(id);
            await conversations.GetAsync(conversation, call.Cancellation);
            call.Hold(await bounds.Uploads.WaitAsync(call.Caller.Tenant, call.Cancellation));
            var (fields, file) = await MultipartBody.ReadAsync(
                request,
                "file",
                ["message", "sender"],
                MaxTextPart,
                MultipartBody.MaxParts,
                (content, name) => files.UploadAsync(conversation.Key, content, name, call.Cancellation));
            var text = fields.Text("message", 0, MaxMessage) is { } message && !BlankText.IsBlank(message)
                ? message
                : "";
            var sender = fields.Id("sender");
            if (file is null)
            {
                fields.Fail("file", "Is required.");
            }

            var key = RequestHeaders.ReadIdempotencyKey(request, fields, file?.Sha256, file?.File.Name, text, sender);
            fields.ThrowIfInvalid();

            var draft = await DraftAsync(call, text, sender, quoted: null, metadata: null);
            return Sent(await media.AppendAsync(conversation, draft, file!, key, call.Cancellation));
        });

    [Function("ConversationsRead")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task Read(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/conversations/{id}/read")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            var fields = await RequestBody.ReadFieldsIfAnyAsync(request, MaxBody);
            var messageId = fields.Id("messageId");
            fields.ThrowIfInvalid();

            var mark = await reading.ReadAsync(call.Conversation(id), messageId, call.Cancellation);
            return new JsonResult<DataResponse<ReadResponse>>(
                new DataResponse<ReadResponse>("true", ReadResponse.Of(mark)),
                FlextellJson.Default.DataResponseReadResponse);
        });

    [Function("ConversationMessagesUpdate")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task Update(
        [HttpTrigger(AuthorizationLevel.Anonymous, "put", Route = "v1/conversations/{id}/messages/{messageId}")]
        HttpRequest request,
        string id,
        string messageId) =>
        endpoint.RunAsync(request, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var text = fields.RequiredVisibleText("message", MaxMessage);
            var expected = RequestHeaders.ReadPreconditions(request);
            fields.ThrowIfInvalid();

            var edited = await change.EditAsync(
                call.Conversation(id),
                messageId,
                text,
                call.Caller.Name,
                expected,
                call.Cancellation);
            var links = await files.LinksAsync([edited.Message], call.Cancellation);
            var customer = CustomerNames[call.Caller.Dialect](edited.Conversation);
            return new JsonResult<DataResponse<ConversationMessage>>(
                new DataResponse<ConversationMessage>(
                    "true",
                    ConversationMessage.Of(edited.Message, edited.QuotedTexts, links, customer)),
                FlextellJson.Default.DataResponseConversationMessage)
            {
                Revision = edited.Message.Revision,
            };
        });

    [Function("ConversationMessagesDelete")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task Delete(
        [HttpTrigger(AuthorizationLevel.Anonymous, "delete", Route = "v1/conversations/{id}/messages/{messageId}")]
        HttpRequest request,
        string id,
        string messageId) =>
        endpoint.RunAsync(request, async call =>
        {
            var expected = RequestHeaders.ReadPreconditions(request);
            var deleted = await change.DeleteAsync(
                call.Conversation(id),
                messageId,
                call.Caller.Name,
                expected,
                call.Cancellation);
            return new JsonResult<DataResponse<DeletedMessage>>(
                new DataResponse<DeletedMessage>("true", new DeletedMessage("The message is deleted.")),
                FlextellJson.Default.DataResponseDeletedMessage)
            {
                Revision = deleted.Revision,
            };
        });

    private static JsonResult<DataResponse<SentMessage>> Sent(Appended stored) =>
        new(
            new DataResponse<SentMessage>("true", SentMessage.Of(stored.Message.Key)),
            FlextellJson.Default.DataResponseSentMessage)
        {
            Replayed = stored.Replayed,
        };

    /// <summary>
    /// A message from an external user is a customer's message. Any other message is a staff message of the caller,
    /// even if it has another sender.
    /// </summary>
    private async Task<NewMessage> DraftAsync(
        Call call,
        string text,
        string? senderId,
        string? quoted,
        string? metadata)
    {
        var sender = await senders.GetReferencedAsync(call.Caller.Tenant, senderId, "sender", call.Cancellation);
        var message = sender?.Entity == SenderEntity.ExternalUser
            ? new NewMessage(MessageRole.Customer, text, null, sender.Name, quoted)
            : new NewMessage(MessageRole.Staff, text, call.Caller.Number, call.Caller.Name, quoted);
        return message with { Sender = sender, Metadata = metadata };
    }
}
