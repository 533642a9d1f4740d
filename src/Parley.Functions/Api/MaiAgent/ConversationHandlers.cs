using Microsoft.AspNetCore.Http;
using Parley.Assistants.Chatbots;
using Parley.Conversations;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Storage;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Conversations as MaiAgent describes them, in the form of one dialect.</summary>
public sealed class ConversationHandlers(
    ConversationReader reader,
    ConversationCreation creation,
    ConversationList list,
    ConversationChange change,
    ChatbotReader chatbots,
    TimeProvider time,
    IConversationForms forms) : IConversationHandlers
{
    /// <summary>Metadata of maximum length fits even if every character is escaped.</summary>
    private const int MaxBody = 256 * 1024;

    public async Task<IResult> CreateAsync(Call call)
    {
        var fields = await RequestBody.ReadFieldsIfAnyAsync(call.Request, MaxBody);
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
            call.Request,
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
        draft = await forms.CompleteAsync(call, draft);
        var (conversation, replayed) = await creation.CreateAsync(tenant, draft, key, call.Cancellation);
        var location = $"{PublicUrl.Of(call.Request)}/{conversation.Id}";
        return await forms.RespondAsync(call, conversation, AnswerHeaders.Created(location, replayed));
    }

    public async Task<IResult> ListAsync(Call call)
    {
        var tenant = call.Caller.Tenant;
        var query = QueryFields.Of(call.Request);
        var pageSize = query.PageSize(CursorList.DefaultPageSize, CursorList.MaxPageSize);
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
        return await forms.RespondAsync(call, page);
    }

    public async Task<IResult> GetAsync(Call call, string id)
    {
        var conversation = await reader.GetAsync(call.Conversation(id), call.Cancellation);
        return await forms.RespondAsync(call, conversation, AnswerHeaders.Ok);
    }

    public async Task<IResult> UpdateAsync(Call call, string id)
    {
        var fields = await RequestBody.ReadFieldsAsync(call.Request, MaxBody);
        var title = fields.Text("title", 0, Limits.Line);
        var metadata = fields.Object("metadata", Limits.Json);
        var autoReply = fields.Boolean("autoReplyEnabled");
        var handedOffUntil = fields.Time("handedOffUntil");
        if (handedOffUntil > time.GetUtcNow().AddYears(1))
        {
            fields.Fail("handedOffUntil", "Must be at most a year ahead.");
        }

        var chatbotId = fields.Id("chatbot");
        var expected = RequestHeaders.ReadPreconditions(call.Request);
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
        return await forms.RespondAsync(call, changed, AnswerHeaders.Ok);
    }

    /// <summary>The page for a filter with two inboxes: a conversation has at most one.</summary>
    private static ConversationPage NoConversations(string? cursor)
    {
        Cursors.RequireNone(cursor);
        return new ConversationPage([], null, null);
    }
}
