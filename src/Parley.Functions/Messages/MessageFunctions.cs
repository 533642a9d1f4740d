using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Conversations;
using Parley.Files;
using Parley.Functions.Http;
using Parley.Messages;
using Parley.Senders;
using Parley.Storage;
using Parley.Tenants;

namespace Parley.Functions.Messages;

/// <summary>Messages, as MaiAgent's clients read and write them.</summary>
public sealed class MessageFunctions(
    ApiEndpoint endpoint,
    ConversationReader conversations,
    MessagePages pages,
    MessageReader reader,
    MessageAppend append,
    MessageChange change,
    SenderReader senders,
    FileStore files)
{
    private const int MaxContent = 100_000;
    private const int MaxFeedback = 2000;

    /// <summary>Room for content, payloads and attachments of which every character is escaped.</summary>
    private const int MaxBody = 1536 * 1024;

    /// <summary>POST /messages.</summary>
    [Function("MessagesCreate")]
    public Task Create([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/messages")] HttpRequest request) =>
        endpoint.RunAsync(request, Scopes.MessagesWrite, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var conversationId = fields.RequiredId("conversation");
            var content = fields.RequiredText("content", 1, MaxContent);
            var (payload, metadata) = (fields.Object("contentPayload", Limits.Json), fields.Object("queryMetadata", Limits.Json));
            var senderId = fields.Id("sender");
            var attachments = ReadAttachments(fields);
            var key = RequestHeaders.ReadIdempotencyKey(
                request,
                fields,
                [conversationId, content, payload, metadata, senderId, .. attachments.SelectMany(one => new[] { one.Id, one.Type, one.Name, one.Url })]);
            fields.ThrowIfInvalid();

            var sender = await senders.NamedAsync(call.Caller.Tenant, senderId, "sender", call.Cancellation);
            var draft = new NewMessage(MessageRole.Customer, content, null, sender?.Name, null)
            {
                Sender = sender,
                ContentPayload = payload,
                QueryMetadata = metadata,
                Attachments = attachments,
            };
            var id = call.Conversation(conversationId);
            var stored = await append.AppendAsync(id, draft, key, call.Cancellation);
            return await AnswerAsync(
                call, stored.Conversation, stored.Message, StatusCodes.Status201Created, stored.Replayed, $"{PublicUrl.Of(request)}/{stored.Message.Id}");
        });

    /// <summary>GET /messages.</summary>
    [Function("MessagesList")]
    public Task List([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/messages")] HttpRequest request) =>
        endpoint.RunAsync(request, Scopes.MessagesRead, async call =>
        {
            var query = new QueryFields(request.Query);
            var conversation = query.RequiredId("conversation");
            var pageSize = query.Number("pageSize", CursorList.DefaultPageSize, 1, CursorList.MaxPageSize);
            query.ThrowIfInvalid();

            CursorPage? page = null;
            if (call.ConversationOrNull(conversation) is { } id)
            {
                page = await pages.ReadNewestAsync(id, query.Cursor(), pageSize, call.Cancellation);
            }
            else
            {
                Cursors.RequireNone(query.Cursor());
            }

            var links = await files.LinksAsync(page?.Messages ?? [], call.Cancellation);
            var results = page?.Messages.Select(message => MessageAnswer.Of(message, page.Conversation.Id, links)).ToList() ?? [];
            return new JsonResult<CursorList<MessageAnswer>>(
                CursorList.Create(results, page?.Next, page?.Previous, request), CamelJson.Default.CursorListMessageAnswer);
        });

    /// <summary>GET /messages/{id}.</summary>
    [Function("MessagesGet")]
    public Task Get([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/messages/{id}")] HttpRequest request, string id) =>
        endpoint.RunAsync(request, Scopes.MessagesRead, async call =>
        {
            var message = await reader.GetAsync(call.Message(id), call.Cancellation);

            // The conversation's UUID has a check that only its head knows.
            var conversation = await conversations.GetAsync(new ConversationRef(message.Key.Conversation, null), call.Cancellation);
            return await AnswerAsync(call, conversation, message, StatusCodes.Status200OK);
        });

    /// <summary>PATCH /messages/{id}.</summary>
    [Function("MessagesUpdate")]
    public Task Update([HttpTrigger(AuthorizationLevel.Anonymous, "patch", Route = "v1/messages/{id}")] HttpRequest request, string id) =>
        endpoint.RunAsync(request, Scopes.MessagesWrite, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var feedback = fields.Text("feedback", 0, MaxFeedback);
            if (!fields.Has("feedback"))
            {
                fields.Fail("feedback", "Is required; null takes it back.");
            }

            var expected = RequestHeaders.ReadIfMatch(request);
            fields.ThrowIfInvalid();

            var (conversation, changed) = await change.GiveFeedbackAsync(call.Message(id), feedback, expected, call.Cancellation);
            return await AnswerAsync(call, conversation, changed, StatusCodes.Status200OK);
        });

    private static List<Attachment> ReadAttachments(Fields fields)
    {
        var attachments = new List<Attachment>();
        foreach (var item in fields.Objects("attachments", Attachment.MaxCount))
        {
            attachments.Add(new Attachment(
                item.OwnId("id", Limits.Line),
                item.RequiredWord("type", "image", "video", "audio", "sticker", "other"),
                item.RequiredText("filename", 1, Attachment.MaxName),
                item.Url("file", Attachment.MaxUrl),
                File: null));
        }

        return attachments;
    }

    private async Task<JsonResult<MessageAnswer>> AnswerAsync(
        Call call, Conversation conversation, Message message, int status, bool replayed = false, string? location = null)
    {
        var links = await files.LinksAsync([message], call.Cancellation);
        return new JsonResult<MessageAnswer>(MessageAnswer.Of(message, conversation.Id, links), CamelJson.Default.MessageAnswer, status)
        {
            Revision = message.Revision,
            Replayed = replayed,
            Location = location,
        };
    }
}
