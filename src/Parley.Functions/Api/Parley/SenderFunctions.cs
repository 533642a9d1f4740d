using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Senders;
using Parley.Storage;
using Parley.Tenants;

namespace Parley.Functions.Api.Parley;

/// <summary>Senders: who speaks in conversations.</summary>
public sealed class SenderFunctions(ApiEndpoint endpoint, SenderReader reader, SenderWriter writer)
{
    /// <summary>Room for metadata of which every character is escaped.</summary>
    private const int MaxBody = 256 * 1024;

    /// <summary>POST /senders.</summary>
    [Function("SendersCreate")]
    public Task Create([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/senders")] HttpRequest request) =>
        endpoint.RunAsync(request, Scopes.MessagesWrite, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var change = ReadChange(fields);
            if (fields.IsAbsent("entity"))
            {
                fields.Fail("entity", "Is required.");
            }

            fields.ThrowIfInvalid();

            var sender = await writer.CreateAsync(call.Caller.Tenant, change, call.Cancellation);
            return Answer(sender, StatusCodes.Status201Created, $"{PublicUrl.Of(request)}/{sender.Id}");
        });

    /// <summary>GET /senders.</summary>
    [Function("SendersList")]
    public Task List([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/senders")] HttpRequest request) =>
        endpoint.RunAsync(request, Scopes.MessagesRead, async call =>
        {
            var query = new QueryFields(request.Query);
            var pageSize = query.Number("pageSize", CursorList.DefaultPageSize, 1, CursorList.MaxPageSize);
            var (externalId, identifier) = (query.Text("externalId", Limits.Line), query.Text("identifier", Limits.Line));
            query.ThrowIfInvalid();

            var page = (externalId ?? identifier) is null
                ? await reader.ListAsync(call.Caller.Tenant, query.Cursor(), pageSize, call.Cancellation)
                : await FindAsync(call, externalId, identifier, query.Cursor());
            return new JsonResult<CursorList<SenderResponse>>(
                CursorList.Create([.. page.Items.Select(SenderResponse.Of)], page.Next, page.Previous, request), CamelJson.Default.CursorListSenderResponse);
        });

    /// <summary>GET /senders/{id}.</summary>
    [Function("SendersGet")]
    public Task Get([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "v1/senders/{id}")] HttpRequest request, string id) =>
        endpoint.RunAsync(request, Scopes.MessagesRead, async call =>
            Answer(await reader.GetAsync(call.Sender(id), call.Cancellation), StatusCodes.Status200OK));

    /// <summary>PATCH /senders/{id}.</summary>
    [Function("SendersUpdate")]
    public Task Update([HttpTrigger(AuthorizationLevel.Anonymous, "patch", Route = "v1/senders/{id}")] HttpRequest request, string id) =>
        endpoint.RunAsync(request, Scopes.MessagesWrite, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var change = ReadChange(fields);
            var expected = RequestHeaders.ReadIfMatch(request);
            fields.ThrowIfInvalid();

            return Answer(await writer.ChangeAsync(call.Sender(id), change, expected, call.Cancellation), StatusCodes.Status200OK);
        });

    /// <summary>What the body changes: what is absent stays, null clears.</summary>
    private static Func<Sender, Sender> ReadChange(Fields fields)
    {
        var entity = fields.Choice<SenderEntity>("entity");
        var (name, externalId, identifier) = (Line("name"), Line("externalId"), Line("identifier"));
        var (email, phoneNumber) = (Line("email"), Line("phoneNumber"));
        var avatar = fields.Url("avatar", Limits.Url);
        var blocked = fields.Boolean("blocked");
        var metadata = fields.Object("metadata", Limits.Json);
        return sender => sender with
        {
            Entity = entity ?? sender.Entity,
            Name = fields.Has("name") ? name : sender.Name,
            ExternalId = fields.Has("externalId") ? externalId : sender.ExternalId,
            Identifier = fields.Has("identifier") ? identifier : sender.Identifier,
            Avatar = fields.Has("avatar") ? avatar : sender.Avatar,
            Email = fields.Has("email") ? email : sender.Email,
            PhoneNumber = fields.Has("phoneNumber") ? phoneNumber : sender.PhoneNumber,
            Blocked = blocked ?? sender.Blocked,
            Metadata = fields.Has("metadata") ? metadata : sender.Metadata,
        };

        string? Line(string field) => fields.Text(field, 1, Limits.Line);
    }

    private static JsonResult<SenderResponse> Answer(Sender sender, int status, string? location = null) =>
        new(SenderResponse.Of(sender), CamelJson.Default.SenderResponse, status) { Revision = sender.Revision, Location = location };

    private async Task<ListPage<Sender>> FindAsync(Call call, string? externalId, string? identifier, string? cursor)
    {
        Cursors.RequireNone(cursor);
        var found = externalId is not null
            ? await reader.FindByExternalIdAsync(call.Caller.Tenant, externalId, call.Cancellation)
            : await reader.FindByIdentifierAsync(call.Caller.Tenant, identifier!, call.Cancellation);
        return new ListPage<Sender>(found is not null && (identifier is null || found.Identifier == identifier) ? [found] : [], null, null);
    }
}
