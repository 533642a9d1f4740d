using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Assistants.Chatbots;
using Parley.Conversations;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Storage;
using Parley.Tenants;

namespace Parley.Functions.Api.MaiAgent;

public sealed class ConversationFunctions(
    ApiEndpoint endpoint,
    ConversationReader reader,
    ConversationCreation creation,
    ConversationList list,
    ConversationChange change,
    UnreadCounts unread,
    ChatbotReader chatbots,
    TimeProvider time)
{
    /// <summary>Metadata of maximum length fits even if every character is escaped.</summary>
    private const int MaxBody = 256 * 1024;

    [Function("ConversationsCreate")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task Create(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/conversations")] HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var draft = new NewConversation(
                fields.Text("title", 0, Limits.Line),
                fields.Text("channel", 1, Limits.Line),
                fields.Uuid("webChat"),
                fields.Text("address", 1, Limits.Line),
                fields.Text("first_name", 0, Limits.Line),
                fields.Text("last_name", 0, Limits.Line),
                fields.Object("metadata", Limits.Json))
            {
                Contact = fields.Id("contact"),
            };
            if (draft is { Contact: not null } and not { Address: null, FirstName: null, LastName: null })
            {
                fields.Fail("contact", "Send either contact, or address, first_name and last_name.");
            }

            var chatbotId = fields.Id("chatbot");
            var key = RequestHeaders.ReadIdempotencyKey(
                request,
                fields,
                draft.Title,
                draft.Channel,
                draft.WebChat?.ToString(),
                draft.Address,
                draft.FirstName,
                draft.LastName,
                draft.Metadata,
                draft.Contact,
                chatbotId);
            fields.ThrowIfInvalid();

            var tenant = call.Caller.Tenant;
            var chatbot = await chatbots.GetReferencedEvenDeletedAsync(tenant, chatbotId, call.Cancellation);
            draft = draft with
            {
                Chatbot = chatbot?.Id,
                Refusal = chatbot?.DeletedAt is null ? null : ChatbotReader.NotFound(),
            };
            var (conversation, replayed) = await creation.CreateAsync(tenant, draft, key, call.Cancellation);
            var location = $"{PublicUrl.Of(request)}/{conversation.Id}";
            return await RespondAsync(call, conversation, StatusCodes.Status201Created, replayed, location);
        });

    [Function("ConversationsList")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/conversations")] HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var tenant = call.Caller.Tenant;
            var query = new QueryFields(request.Query);
            var pageSize = query.Number("pageSize", CursorList.DefaultPageSize, 1, CursorList.MaxPageSize);
            var inbox = query.Uuid("inbox");
            var channel = query.Text("channel", Limits.Line) is { } name
                ? Inbox.OfChannel(tenant, name).Id
                : (Guid?)null;
            var contact = query.Id("contact");
            var cursor = query.Cursor();
            query.ThrowIfInvalid();

            var filter = new ConversationFilter(inbox ?? channel, contact);
            var page = inbox is not null && channel is not null && inbox != channel
                ? NoConversations(cursor)
                : await list.ReadAsync(tenant, filter, cursor, pageSize, call.Cancellation);
            var counts = await unread.ReadAsync(tenant, page.Conversations, call.Cancellation);
            var now = time.GetUtcNow();
            var results = page.Conversations
                .Select(conversation => ConversationResponse.Of(conversation, counts, now))
                .ToList();
            return new JsonResult<CursorList<ConversationResponse>>(
                CursorList.Create(results, page.Next, page.Previous, request),
                MaiAgentJson.Default.CursorListConversationResponse);
        });

    [Function("ConversationsGet")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task Get(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/conversations/{id}")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            var conversation = await reader.GetAsync(call.Conversation(id), call.Cancellation);
            return await RespondAsync(call, conversation, StatusCodes.Status200OK);
        });

    [Function("ConversationsUpdate")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task Update(
        [HttpTrigger(AuthorizationLevel.Anonymous, "patch", Route = "v1/conversations/{id}")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var title = fields.Text("title", 0, Limits.Line);
            var metadata = fields.Object("metadata", Limits.Json);
            var autoReply = fields.Boolean("autoReplyEnabled");
            var handedOffUntil = fields.Time("handedOffUntil");
            if (handedOffUntil > time.GetUtcNow().AddYears(1))
            {
                fields.Fail("handedOffUntil", "Must be at most a year ahead.");
            }

            var chatbotId = fields.Id("chatbot");
            var expected = RequestHeaders.ReadPreconditions(request);
            fields.ThrowIfInvalid();

            var chatbot = await chatbots.GetReferencedAsync(call.Caller.Tenant, chatbotId, call.Cancellation);
            var changed = await change.ChangeAsync(
                call.Conversation(id),
                conversation => conversation with
                {
                    Title = fields.Has("title") ? title : conversation.Title,
                    Metadata = fields.Has("metadata") ? metadata : conversation.Metadata,
                    AutoReplyEnabled = autoReply ?? conversation.AutoReplyEnabled,
                    Chatbot = fields.Has("chatbot") ? chatbot?.Id : conversation.Chatbot,
                    HandedOffUntil = fields.Has("handedOffUntil")
                        ? handedOffUntil?.ToUniversalTime()
                        : conversation.HandedOffUntil,
                },
                call.Caller.Name,
                expected,
                call.Cancellation);
            return await RespondAsync(call, changed, StatusCodes.Status200OK);
        });

    /// <summary>The page for a filter with two inboxes: a conversation has at most one.</summary>
    private static ConversationPage NoConversations(string? cursor)
    {
        Cursors.RequireNone(cursor);
        return new ConversationPage([], null, null);
    }

    private async Task<JsonResult<ConversationResponse>> RespondAsync(
        Call call,
        Conversation conversation,
        int status,
        bool replayed = false,
        string? location = null)
    {
        var counts = await unread.ReadAsync(call.Caller.Tenant, [conversation], call.Cancellation);
        return new JsonResult<ConversationResponse>(
            ConversationResponse.Of(conversation, counts, time.GetUtcNow()),
            MaiAgentJson.Default.ConversationResponse, status)
        {
            Revision = conversation.Revision,
            Replayed = replayed,
            Location = location,
        };
    }
}
