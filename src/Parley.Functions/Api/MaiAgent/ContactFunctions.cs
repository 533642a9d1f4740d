using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Dialects;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Senders;
using Parley.Tenants;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>Contacts: the senders who are customers.</summary>
public sealed class ContactFunctions(ApiEndpoint endpoint, SenderReader senders)
{
    private static readonly PerDialect<JsonTypeInfo<CountedList<ListedContactResponse>>> Forms =
        new(MaiAgentJson.Default.CountedListListedContactResponse)
        {
            Maiagent = MaiAgentDialectJson.Default.CountedListListedContactResponse,
        };

    [Function("ContactsList")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/contacts")] HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var query = QueryFields.Of(request);
            var size = query.PageSize(CursorList.DefaultPageSize, CursorList.MaxPageSize);
            var page = query.Page(size, int.MaxValue);
            query.ThrowIfInvalid();

            var (found, total) = await senders.ReadPageAsync(call.Caller.Tenant, page, size, call.Cancellation);
            query.RequireExisting(page, size, total);
            return new JsonResult<CountedList<ListedContactResponse>>(
                CountedList.OfNumbers(
                    total,
                    [
                        .. found.Where(sender => sender.Entity == SenderEntity.ExternalUser)
                            .Select(ListedContactResponse.Of),
                    ],
                    page,
                    hasNext: (long)page * size < total,
                    request),
                Forms[call.Caller.Dialect]);
        });

    /// <inheritdoc cref="List"/>
    [Function("ContactsListUnversioned")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task ListUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "contacts")] HttpRequest request) =>
        List(request);
}
