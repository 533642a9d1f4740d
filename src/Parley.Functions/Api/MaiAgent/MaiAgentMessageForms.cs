using Microsoft.AspNetCore.Http;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Files;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Messages for MaiAgent's own clients.</summary>
public sealed class MaiAgentMessageForms(MessagePages pages, RecentMessages recent, FileStore files) : IMessageForms
{
    /// <inheritdoc/>
    public async Task<IResult> RespondAsync(
        Call call, Conversation conversation, Message message, AnswerHeaders headers)
    {
        var links = await files.LinksAsync([message], call.Cancellation);
        return new JsonResult<MaiAgentMessage>(
            MaiAgentMessage.Of(message, conversation, links),
            MaiAgentDialectJson.Default.MaiAgentMessage,
            headers.Status)
        {
            Revision = message.Revision,
            Replayed = headers.Replayed,
            Location = headers.Location,
        };
    }

    /// <summary>Lists the messages of one conversation or the tenant's newest ones, newest first.</summary>
    public async Task<IResult> ListAsync(Call call)
    {
        var query = QueryFields.Of(call.Request);
        var conversation = query.Id("conversation");
        var pageSize = query.PageSize(CursorList.DefaultPageSize, CursorList.MaxPageSize);
        var cursor = query.Cursor();
        query.ThrowIfInvalid();

        return conversation is null
            ? await ListRecentAsync(call, cursor, pageSize)
            : await ListAsync(call, conversation, cursor, pageSize);
    }

    private async Task<IResult> ListRecentAsync(Call call, string? cursor, int pageSize)
    {
        var page = await recent.ReadAsync(call.Caller.Tenant, cursor, pageSize, call.Cancellation);
        var links = await files.LinksAsync(page.Messages.Select(one => one.Message), call.Cancellation);
        return Page(
            call,
            page.Count,
            [.. page.Messages.Select(one => MaiAgentMessage.Of(one.Message, one.Conversation, links))],
            page.Next,
            previous: null);
    }

    private async Task<IResult> ListAsync(Call call, string conversation, string? cursor, int pageSize)
    {
        var page = await pages.ReadNewestAsync(call, conversation, cursor, pageSize);
        var links = await files.LinksAsync(page?.Messages ?? [], call.Cancellation);
        return Page(
            call,
            page is null ? 0 : page.Conversation.Last - page.Conversation.First + 1,
            page?.Messages.Select(message => MaiAgentMessage.Of(message, page.Conversation, links)).ToList() ?? [],
            page?.Next,
            page?.Previous);
    }

    private static JsonResult<CountedList<MaiAgentMessage>> Page(
        Call call, int count, IReadOnlyList<MaiAgentMessage> results, string? next, string? previous) =>
        new(
            CountedList.OfCursors(count, results, next, previous, call.Request),
            MaiAgentDialectJson.Default.CountedListMaiAgentMessage);
}
