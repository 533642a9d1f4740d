using Microsoft.AspNetCore.Http;
using Parley.Conversations;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Conversations in the form of Parley's dialect: that of MaiAgent with additional members.</summary>
public sealed class ParleyConversationForms(UnreadCounts unread, TimeProvider time) : IConversationForms
{
    /// <inheritdoc/>
    public Task<NewConversation> CompleteAsync(Call call, NewConversation draft) => Task.FromResult(draft);

    /// <inheritdoc/>
    public async Task<IResult> RespondAsync(Call call, Conversation conversation, AnswerHeaders headers)
    {
        var counts = await unread.ReadAsync(call.Caller.Tenant, [conversation], call.Cancellation);
        return new JsonResult<ConversationResponse>(
            ConversationResponse.Of(conversation, counts, time.GetUtcNow()),
            MaiAgentJson.Default.ConversationResponse,
            headers.Status)
        {
            Revision = conversation.Revision,
            Replayed = headers.Replayed,
            Location = headers.Location,
        };
    }

    /// <inheritdoc/>
    public async Task<IResult> RespondAsync(Call call, ConversationPage page)
    {
        var counts = await unread.ReadAsync(call.Caller.Tenant, page.Conversations, call.Cancellation);
        var now = time.GetUtcNow();
        var results = page.Conversations
            .Select(conversation => ConversationResponse.Of(conversation, counts, now))
            .ToList();
        return new JsonResult<CursorList<ConversationResponse>>(
            CursorList.Create(results, page.Next, page.Previous, call.Request),
            MaiAgentJson.Default.CursorListConversationResponse);
    }
}
