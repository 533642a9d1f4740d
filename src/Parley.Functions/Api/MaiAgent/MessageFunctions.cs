using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Assistants.Completions;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Files;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Senders;
using Parley.Storage;
using Parley.Tenants;
using Parley.Tenants.Limits;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Messages, in the format of MaiAgent.</summary>
public sealed class MessageFunctions(
    ApiEndpoint endpoint,
    ConversationReader conversations,
    MessagePages pages,
    MessageReader reader,
    AutoReplies replies,
    MessageChange change,
    SenderReader senders,
    FileStore files)
{
    private const int MaxFeedback = 2000;

    [Function("MessagesCreate")]
    [Costs(LimitUnits.Messages)]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task Create(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/messages")] HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, SentContent.MaxBody);
            var conversationId = fields.RequiredId("conversation");
            var sent = SentContent.Read(fields, path: "");
            var key = RequestHeaders.ReadIdempotencyKey(request, fields, [conversationId, .. sent.Values]);
            fields.ThrowIfInvalid();

            var draft = await sent.DraftAsync(senders, call);
            var stored = await replies.AppendAsync(call.Conversation(conversationId), draft, key, call.Cancellation);
            return await RespondAsync(
                call,
                stored.Conversation,
                stored.Message,
                StatusCodes.Status201Created,
                stored.Replayed,
                $"{PublicUrl.Of(request)}/{stored.Message.Id}");
        });

    /// <inheritdoc cref="Create"/>
    [Function("MessagesCreateUnversioned")]
    [Costs(LimitUnits.Messages)]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task CreateUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "messages")] HttpRequest request) =>
        Create(request);

    [Function("MessagesList")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/messages")] HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var query = new QueryFields(request.Query);
            var conversation = query.RequiredId("conversation");
            var pageSize = query.Number("pageSize", CursorList.DefaultPageSize, 1, CursorList.MaxPageSize);
            var cursor = query.Cursor();
            query.ThrowIfInvalid();

            CursorPage? page = null;
            if (call.ConversationOrNull(conversation) is { } id)
            {
                page = await pages.ReadNewestAsync(id, cursor, pageSize, call.Cancellation);
            }
            else
            {
                Cursors.RequireNone(cursor);
            }

            var links = await files.LinksAsync(page?.Messages ?? [], call.Cancellation);
            var results = page?.Messages
                .Select(message => MessageResponse.Of(message, page.Conversation.Id, links))
                .ToList() ?? [];
            return new JsonResult<CursorList<MessageResponse>>(
                CursorList.Create(results, page?.Next, page?.Previous, request),
                MaiAgentJson.Default.CursorListMessageResponse);
        });

    /// <inheritdoc cref="List"/>
    [Function("MessagesListUnversioned")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task ListUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "messages")] HttpRequest request) =>
        List(request);

    [Function("MessagesGet")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task Get(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/messages/{id}")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            var message = await reader.GetAsync(call.Message(id), call.Cancellation);

            // The UUID of the conversation contains a check value, which only the conversation row has.
            var reference = new EntityRef<ConversationKey>(message.Key.Conversation, null);
            var conversation = await conversations.GetAsync(reference, call.Cancellation);
            return await RespondAsync(call, conversation, message, StatusCodes.Status200OK);
        });

    /// <inheritdoc cref="Get"/>
    [Function("MessagesGetUnversioned")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task GetUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "messages/{id}")] HttpRequest request,
        string id) =>
        Get(request, id);

    [Function("MessagesUpdate")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task Update(
        [HttpTrigger(AuthorizationLevel.Anonymous, "patch", Route = "v1/messages/{id}")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, SentContent.MaxBody);
            var feedback = fields.Text("feedback", 0, MaxFeedback);
            if (!fields.Has("feedback"))
            {
                fields.Fail("feedback", "Is required; null removes the feedback.");
            }

            var expected = RequestHeaders.ReadPreconditions(request);
            fields.ThrowIfInvalid();

            var (conversation, changed) =
                await change.GiveFeedbackAsync(call.Message(id), feedback, expected, call.Cancellation);
            return await RespondAsync(call, conversation, changed, StatusCodes.Status200OK);
        });

    /// <inheritdoc cref="Update"/>
    [Function("MessagesUpdateUnversioned")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task UpdateUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "patch", Route = "messages/{id}")] HttpRequest request, string id) =>
        Update(request, id);

    private async Task<JsonResult<MessageResponse>> RespondAsync(
        Call call,
        Conversation conversation,
        Message message,
        int status,
        bool replayed = false,
        string? location = null)
    {
        var links = await files.LinksAsync([message], call.Cancellation);
        return new JsonResult<MessageResponse>(
            MessageResponse.Of(message, conversation.Id, links),
            MaiAgentJson.Default.MessageResponse,
            status)
        {
            Revision = message.Revision,
            Replayed = replayed,
            Location = location,
        };
    }
}
