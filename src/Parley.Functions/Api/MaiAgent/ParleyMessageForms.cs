using Microsoft.AspNetCore.Http;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Files;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Messages in the form of Parley's dialect: that of MaiAgent with additional members.</summary>
public sealed class ParleyMessageForms(MessagePages pages, FileStore files) : IMessageForms
{
    /// <inheritdoc/>
    public async Task<IResult> RespondAsync(
        Call call, Conversation conversation, Message message, AnswerHeaders headers)
    {
        var links = await files.LinksAsync([message], call.Cancellation);
        return new JsonResult<MessageResponse>(
            MessageResponse.Of(message, conversation.Id, links),
            MaiAgentJson.Default.MessageResponse,
            headers.Status)
        {
            Revision = message.Revision,
            Replayed = headers.Replayed,
            Location = headers.Location,
        };
    }

    /// <summary>Lists the messages of one conversation, newest first.</summary>
    public async Task<IResult> ListAsync(Call call)
    {
        var query = QueryFields.Of(call.Request);
        var conversation = query.RequiredId("conversation");
        var pageSize = query.PageSize(CursorList.DefaultPageSize, CursorList.MaxPageSize);
        var cursor = query.Cursor();
        query.ThrowIfInvalid();

        var page = await pages.ReadNewestAsync(call, conversation, cursor, pageSize);
        var links = await files.LinksAsync(page?.Messages ?? [], call.Cancellation);
        var results = page?.Messages
            .Select(message => MessageResponse.Of(message, page.Conversation.Id, links))
            .ToList() ?? [];
        return new JsonResult<CursorList<MessageResponse>>(
            CursorList.Create(results, page?.Next, page?.Previous, call.Request),
            MaiAgentJson.Default.CursorListMessageResponse);
    }
}
