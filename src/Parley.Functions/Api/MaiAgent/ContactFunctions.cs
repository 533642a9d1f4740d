using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Senders;
using Parley.Tenants;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Contacts: the senders who are customers.</summary>
public sealed class ContactFunctions(ApiEndpoint endpoint, SenderReader senders)
{
    [Function("ContactsList")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/contacts")] HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var query = new QueryFields(request.Query);
            var page = query.Number("page", 1, 1, int.MaxValue);
            var size = query.Number("pageSize", CursorList.DefaultPageSize, 1, CursorList.MaxPageSize);
            query.ThrowIfInvalid();

            var (found, total) = await senders.ReadPageAsync(call.Caller.Tenant, page, size, call.Cancellation);
            return new JsonResult<CountedList<ListedContactResponse>>(
                CountedList.Create(
                    [
                        .. found.Where(sender => sender.Entity == SenderEntity.ExternalUser)
                            .Select(ListedContactResponse.Of),
                    ],
                    total,
                    page,
                    hasNext: (long)page * size < total,
                    request),
                MaiAgentJson.Default.CountedListListedContactResponse);
        });

    /// <inheritdoc cref="List"/>
    [Function("ContactsListUnversioned")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task ListUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "contacts")] HttpRequest request) =>
        List(request);
}
