using Microsoft.AspNetCore.Http;
using Parley.Assistants.Chatbots;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Chatbots in the form of Parley's dialect.</summary>
public sealed class ParleyChatbotForms(ChatbotReader reader) : IChatbotForms
{
    /// <inheritdoc/>
    public IResult Respond(Chatbot chatbot, AnswerHeaders headers) =>
        new JsonResult<ChatbotResponse>(
            ChatbotResponse.Of(chatbot), MaiAgentJson.Default.ChatbotResponse, headers.Status)
        {
            Revision = chatbot.Revision,
            RevisionCoversBody = true,
            Location = headers.Location,
        };

    /// <summary>The answer has no ETag, because a deleted chatbot cannot be changed again.</summary>
    public IResult RespondDeleted(Chatbot chatbot) =>
        new JsonResult<ChatbotResponse>(ChatbotResponse.Of(chatbot), MaiAgentJson.Default.ChatbotResponse);

    /// <inheritdoc/>
    public async Task<IResult> ListAsync(Call call)
    {
        var query = QueryFields.Of(call.Request);
        var pageSize = query.PageSize(CursorList.DefaultPageSize, CursorList.MaxPageSize);
        var cursor = query.Cursor();
        query.ThrowIfInvalid();

        var page = await reader.ListAsync(call.Caller.Tenant, cursor, pageSize, call.Cancellation);
        return new JsonResult<CursorList<ChatbotResponse>>(
            CursorList.Create([.. page.Items.Select(ChatbotResponse.Of)], page.Next, page.Previous, call.Request),
            MaiAgentJson.Default.CursorListChatbotResponse);
    }
}
