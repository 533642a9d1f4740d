using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Conversations;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Tenants;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Inboxes: the channels and web chats of the tenant's conversations.</summary>
public sealed class InboxFunctions(ApiEndpoint endpoint, InboxList inboxes, UnreadCounts unread)
{
    [Function("InboxesList")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/inboxes")] HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var query = QueryFields.Of(request);
            var size = query.PageSize(CursorList.DefaultPageSize, CursorList.MaxPageSize);
            var page = query.Page(size, InboxList.Max);
            var channelType = query.Text("channelType", Limits.Line);
            query.ThrowIfInvalid();

            var all = await inboxes.ReadAsync(call.Caller.Tenant, call.Cancellation);
            var listed = all.Where(inbox => channelType is null || inbox.ChannelType == channelType).ToList();
            query.RequireExisting(page, size, listed.Count);
            var shown = listed.Skip((page - 1) * size).Take(size).ToList();
            var counts = await unread.ReadAsync(
                call.Caller.Tenant, shown.Select(inbox => inbox.Id), call.Cancellation);
            return new JsonResult<CountedList<ListedInboxResponse>>(
                CountedList.OfNumbers(
                    listed.Count,
                    [.. shown.Select(inbox => ListedInboxResponse.Of(inbox, counts[inbox.Id]))],
                    page,
                    hasNext: page * size < listed.Count,
                    request),
                MaiAgentJson.Default.CountedListListedInboxResponse)
            {
                IsCountCapped = all.Count == InboxList.Max,
            };
        });

    /// <inheritdoc cref="List"/>
    [Function("InboxesListUnversioned")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task ListUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "inboxes")] HttpRequest request) =>
        List(request);
}

/// <summary>An inbox of a list, in the format of MaiAgent.</summary>
/// <param name="Channel">The channel: of a web inbox, the web chat.</param>
public sealed record ListedInboxResponse(
    Guid Id, string Name, string ChannelType, int UnreadConversationsCount, InboxChannelResponse Channel)
{
    public static ListedInboxResponse Of(Inbox inbox, int unread) => new(
        inbox.Id, inbox.Name, inbox.ChannelType, unread, new InboxChannelResponse(inbox.Id, inbox.Name));
}

public sealed record InboxChannelResponse(Guid Id, string Name);
