using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Senders;
using Parley.Storage;
using Parley.Tenants;

namespace Parley.Functions.Api.Parley;

/// <summary>Senders of messages: people, assistants and automations.</summary>
public sealed class SenderFunctions(ApiEndpoint endpoint, SenderReader reader, SenderWriter writer)
{
    /// <summary>Metadata of maximum length fits even if every character is escaped.</summary>
    private const int MaxBody = 256 * 1024;

    [Function("SendersCreate")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task Create([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/senders")] HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var change = ReadChange(fields);
            if (fields.IsAbsent("entity"))
            {
                fields.Fail("entity", "Is required.");
            }

            fields.ThrowIfInvalid();

            var sender = await writer.CreateAsync(call.Caller.Tenant, change, call.Cancellation);
            return Respond(sender, StatusCodes.Status201Created, $"{PublicUrl.Of(request)}/{sender.Id}");
        });

    [Function("SendersList")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/senders")] HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var query = new QueryFields(request.Query);
            var pageSize = query.Number("pageSize", CursorList.DefaultPageSize, 1, CursorList.MaxPageSize);
            var externalId = query.Text("externalId", Limits.Line);
            var identifier = query.Text("identifier", Limits.Line);
            var cursor = query.Cursor();
            query.ThrowIfInvalid();

            var page = (externalId ?? identifier) is null
                ? await reader.ListAsync(call.Caller.Tenant, cursor, pageSize, call.Cancellation)
                : await FindAsync(call, externalId, identifier, cursor);
            return new JsonResult<CursorList<SenderResponse>>(
                CursorList.Create([.. page.Items.Select(SenderResponse.Of)], page.Next, page.Previous, request),
                ParleyJson.Default.CursorListSenderResponse);
        });

    [Function("SendersGet")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task Get(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/senders/{id}")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
            Respond(await reader.GetAsync(call.Sender(id), call.Cancellation), StatusCodes.Status200OK));

    [Function("SendersUpdate")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task Update(
        [HttpTrigger(AuthorizationLevel.Anonymous, "patch", Route = "v1/senders/{id}")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var change = ReadChange(fields);
            var expected = RequestHeaders.ReadPreconditions(request);
            fields.ThrowIfInvalid();

            var sender = await writer.ChangeAsync(call.Sender(id), change, expected, call.Cancellation);
            return Respond(sender, StatusCodes.Status200OK);
        });

    /// <summary>
    /// An absent field keeps its value. Null clears a field, except for entity and blocked, which always have a value.
    /// </summary>
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

    private static JsonResult<SenderResponse> Respond(Sender sender, int status, string? location = null) =>
        new(SenderResponse.Of(sender), ParleyJson.Default.SenderResponse, status)
        {
            Revision = sender.Revision,
            RevisionCoversBody = true,
            Location = location,
        };

    private async Task<ListPage<Sender>> FindAsync(Call call, string? externalId, string? identifier, string? cursor)
    {
        Cursors.RequireNone(cursor);
        var found = externalId is not null
            ? await reader.FindByExternalIdAsync(call.Caller.Tenant, externalId, call.Cancellation)
            : await reader.FindByIdentifierAsync(call.Caller.Tenant, identifier!, call.Cancellation);
        var matches = found is not null && (identifier is null || found.Identifier == identifier);
        return new ListPage<Sender>(matches ? [found!] : [], null, null);
    }
}
