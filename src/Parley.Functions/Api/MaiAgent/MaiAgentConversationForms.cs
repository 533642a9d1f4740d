using Microsoft.AspNetCore.Http;
using Parley.Assistants.Chatbots;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Files;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>
/// Conversations for MaiAgent's own clients. The last message is an object, so each conversation of an answer costs one
/// more point read; those of a page run at once.
/// </summary>
public sealed class MaiAgentConversationForms(
    MessageReader messages,
    WebChats webChats,
    UnreadCounts unread,
    FileStore files,
    TimeProvider time) : IConversationForms
{
    /// <summary>
    /// A web chat gives the conversation its chatbot. A conversation without a contact gets an unnamed one, because
    /// these clients read the contact of every conversation.
    /// </summary>
    /// <inheritdoc/>
    public async Task<NewConversation> CompleteAsync(Call call, NewConversation draft)
    {
        var hasContact = draft is not { Contact: null, Address: null, FirstName: null, LastName: null };
        var named = hasContact ? draft : draft with { FirstName = MaiAgentContact.Visitor };
        return named is { Chatbot: null, WebChat: { } webChat }
            && await webChats.FindChatbotAsync(call.Caller.Tenant, webChat, call.Cancellation) is { } chatbot
            ? named with { Chatbot = chatbot.Id, Refusal = chatbot.DeletedAt is null ? named.Refusal : NoWebChat() }
            : named;
    }

    /// <inheritdoc/>
    public async Task<IResult> RespondAsync(Call call, Conversation conversation, AnswerHeaders headers) =>
        new JsonResult<MaiAgentConversation>(
            (await ReadAsync(call, [conversation]))[0],
            MaiAgentDialectJson.Default.MaiAgentConversation,
            headers.Status)
        {
            Revision = conversation.Revision,
            Replayed = headers.Replayed,
            Location = headers.Location,
        };

    /// <inheritdoc/>
    public async Task<IResult> RespondAsync(Call call, ConversationPage page) =>
        new JsonResult<CursorList<MaiAgentConversation>>(
            CursorList.Create(
                await ReadAsync(call, page.Conversations), page.Next, page.Previous, call.Request),
            MaiAgentDialectJson.Default.CursorListMaiAgentConversation);

    private async Task<IReadOnlyList<MaiAgentConversation>> ReadAsync(
        Call call, IReadOnlyList<Conversation> conversations)
    {
        var counts = unread.ReadAsync(call.Caller.Tenant, conversations, call.Cancellation);
        var last = await Task.WhenAll(
            conversations.Select(conversation => messages.FindLastAsync(conversation, call.Cancellation)));
        var links = await files.LinksAsync(last.OfType<Message>(), call.Cancellation);
        var (inboxes, now) = (await counts, time.GetUtcNow());
        return
        [
            .. conversations.Zip(last, (conversation, message) => MaiAgentConversation.Of(
                conversation,
                message is null ? null : MaiAgentMessage.Of(message, conversation, links),
                inboxes,
                now)),
        ];
    }

    private static ParleyException NoWebChat() => ParleyException.Field("webChat", "There is no such web chat.");
}
