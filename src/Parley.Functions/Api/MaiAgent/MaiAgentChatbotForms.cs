using Microsoft.AspNetCore.Http;
using Parley.Assistants.Chatbots;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Chatbots for MaiAgent's own clients.</summary>
public sealed class MaiAgentChatbotForms(ChatbotReader reader) : IChatbotForms
{
    /// <inheritdoc/>
    public IResult Respond(Chatbot chatbot, AnswerHeaders headers) =>
        new JsonResult<MaiAgentChatbot>(
            MaiAgentChatbot.Of(chatbot), MaiAgentDialectJson.Default.MaiAgentChatbot, headers.Status)
        {
            Revision = chatbot.Revision,
            RevisionCoversBody = true,
            Location = headers.Location,
        };

    /// <inheritdoc/>
    public IResult RespondDeleted(Chatbot chatbot) => new NoContentResult();

    /// <summary>
    /// Lists chatbots, newest first, by page number. The count and the pages include the places of deleted ones.
    /// </summary>
    public async Task<IResult> ListAsync(Call call)
    {
        var query = QueryFields.Of(call.Request);
        var size = query.PageSize(CursorList.DefaultPageSize, CursorList.MaxPageSize);
        var number = query.Page(size, int.MaxValue);
        query.ThrowIfInvalid();

        var page = await reader.ListPageAsync(call.Caller.Tenant, number, size, call.Cancellation);
        query.RequireExisting(number, size, page.Count);
        return new JsonResult<CountedList<MaiAgentListedChatbot>>(
            CountedList.OfNumbers(
                page.Count,
                [.. page.Items.Select(MaiAgentListedChatbot.Of)],
                number,
                hasNext: (long)number * size < page.Count,
                call.Request),
            MaiAgentDialectJson.Default.CountedListMaiAgentListedChatbot);
    }
}
