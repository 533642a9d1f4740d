using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Conversations;
using Parley.Conversations.Tickets;
using Parley.Core;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Requests;
using Parley.Functions.Api.Responses;
using Parley.Tenants;

namespace Parley.Functions.Api.Zaia;

/// <summary>A ticket. Its number is unique within its chat.</summary>
public sealed record TicketResponse(
    Guid Id,
    int Number,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    DateTimeOffset? FinishedAt,
    Guid ChatId,
    string? Title,
    string Status)
{
    public static TicketResponse Of(Ticket ticket, Guid chat) => new(
        ticket.Id,
        ticket.Number,
        ticket.CreatedAt,
        ticket.UpdatedAt,
        ticket.FinishedAt,
        chat,
        ticket.Title,
        EnumNames.Of(ticket.Status));
}

/// <summary>Tickets of chats.</summary>
public sealed class TicketFunctions(
    ApiEndpoint endpoint,
    ConversationReader conversations,
    TicketReader reader,
    TicketWriter writer)
{
    private const int MaxBody = 16 * 1024;

    [Function("TicketsCreate")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task Create([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/tickets")] HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var chatId = fields.RequiredId("chatId");
            var title = fields.Text("title", 0, Limits.Line);
            fields.ThrowIfInvalid();

            var (chat, ticket) = await writer.OpenAsync(call.Conversation(chatId), title, call.Cancellation);
            return Respond(chat, ticket, StatusCodes.Status201Created, $"{PublicUrl.Of(request)}/{ticket.Id}");
        });

    [Function("TicketsList")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task List(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/tickets")] HttpRequest request) =>
        endpoint.RunAsync(request, async call =>
        {
            var query = new ChatListQuery(request.Query);
            var chat = call.ConversationOrNull(query.ChatId) is { } id
                ? await conversations.FindAsync(id, call.Cancellation)
                : null;
            var page = chat is null
                ? query.Nothing(new TicketPage([], null))
                : await reader.ListAsync(chat.Key, query.Cursor, query.Limit, call.Cancellation);
            var answers = page.Tickets.Select(ticket => TicketResponse.Of(ticket, chat!.Id)).ToAsyncEnumerable();
            return new JsonArrayResult<TicketResponse>(
                answers,
                ZaiaJson.Default.IAsyncEnumerableTicketResponse,
                page.Next);
        });

    [Function("TicketsGet")]
    [RequiresScope(Scopes.MessagesRead)]
    public Task Get(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "v1/tickets/{id}")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            var ticket = await reader.GetAsync(call.Caller.Tenant, id, call.Cancellation);

            // The UUID of the conversation contains a check value, which only the conversation row has.
            var chat = await conversations.GetAsync(
                new EntityRef<ConversationKey>(ticket.Conversation, null), call.Cancellation);
            return Respond(chat, ticket, StatusCodes.Status200OK);
        });

    [Function("TicketsUpdate")]
    [RequiresScope(Scopes.MessagesWrite)]
    public Task Update(
        [HttpTrigger(AuthorizationLevel.Anonymous, "patch", Route = "v1/tickets/{id}")] HttpRequest request,
        string id) =>
        endpoint.RunAsync(request, async call =>
        {
            var fields = await RequestBody.ReadFieldsAsync(request, MaxBody);
            var title = fields.Text("title", 0, Limits.Line);
            var status = fields.Choice<TicketStatus>("status");
            var expected = RequestHeaders.ReadPreconditions(request);
            fields.ThrowIfInvalid();

            var (chat, changed) = await writer.ChangeAsync(
                call.Caller.Tenant,
                id,
                ticket => ticket with
                {
                    Title = fields.Has("title") ? title : ticket.Title,
                    Status = status ?? ticket.Status,
                },
                expected,
                call.Cancellation);
            return Respond(chat, changed, StatusCodes.Status200OK);
        });

    private static JsonResult<TicketResponse> Respond(
        Conversation chat,
        Ticket ticket,
        int status,
        string? location = null) =>
        new(TicketResponse.Of(ticket, chat.Id), ZaiaJson.Default.TicketResponse, status)
        {
            Revision = ticket.Revision,
            RevisionCoversBody = true,
            Location = location,
        };
}
