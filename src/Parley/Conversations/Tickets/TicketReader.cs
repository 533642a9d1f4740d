using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.Tickets;

/// <summary>A page of a conversation's tickets, oldest first.</summary>
/// <param name="Next">The cursor of the next page, or null.</param>
public sealed record TicketPage(IReadOnlyList<Ticket> Tickets, string? Next);

public sealed class TicketReader(ParleyTables tables, Cursors cursors)
{
    /// <summary>Reads a ticket by its id, as the client sent it: one point read.</summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.TicketNotFound"/>, also for a malformed id and for an id of another tenant.
    /// </exception>
    public async Task<Ticket> GetAsync(TenantId tenant, string id, CancellationToken cancellation)
    {
        var ticket = EntityId.TryParse(id, EntityKind.Ticket, tenant, out var entity)
            ? await FindAsync(entity.Conversation, entity.Sequence, cancellation)
            : null;
        return ticket is not null && ticket.Check == entity.Check
            ? ticket
            : throw ErrorCode.TicketNotFound.With("There is no such ticket.");
    }

    /// <summary>Reads the open tickets of conversations, with one concurrent call each.</summary>
    /// <returns>Tickets by the conversation's number. A conversation without an open one is missing.</returns>
    public async Task<IReadOnlyDictionary<int, Ticket>> OpenOfAsync(
        IEnumerable<Conversation> conversations, CancellationToken cancellation)
    {
        var open = conversations.Where(conversation => conversation.OpenTicket is not null).ToList();
        var found = await Workers.RunAsync(
            open, TableReads.Width, head => FindAsync(head.Key, head.OpenTicket!.Value, cancellation));
        return found.OfType<Ticket>().ToDictionary(ticket => ticket.Conversation.Number);
    }

    /// <summary>Reads a page of at most 1,000 tickets: one call, and a second one for a page of 1,000.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.InvalidCursor"/>.</exception>
    public async Task<TicketPage> ListAsync(
        ConversationKey conversation,
        string? cursor,
        int limit,
        CancellationToken cancellation)
    {
        var (tenant, query) = (conversation.Tenant, $"tickets|{conversation.Number}");
        var first = (await cursors.OpenNumberAsync(tenant, query, cursor, cancellation) ?? 0) + 1;
        var tickets = new List<Ticket>();
        var filter = Filters.Range(
            conversation.PartitionKey, TicketRowKeys.Ticket(first), TicketRowKeys.Ticket(MaxNumber));
        await foreach (var row in tables.Conversations.QueryAsync<TableEntity>(
            filter, Math.Min(limit + 1, Filters.MaxPerCall), cancellationToken: cancellation))
        {
            if (tickets.Count == limit)
            {
                return new TicketPage(
                    tickets, await cursors.SealNumberAsync(tenant, query, tickets[^1].Number, cancellation));
            }

            tickets.Add(TicketRow.Read(row, conversation));
        }

        return new TicketPage(tickets, null);
    }

    /// <summary>
    /// Returns the tickets of a conversation with these ids, in the order of their numbers. Unknown ids are left out.
    /// It makes one concurrent call for each run of near numbers.
    /// </summary>
    internal async Task<List<Ticket>> FindAllAsync(
        ConversationKey conversation,
        IEnumerable<string> ids,
        CancellationToken cancellation)
    {
        var named = new Dictionary<int, long>();
        foreach (var id in ids)
        {
            if (EntityId.TryParse(id, EntityKind.Ticket, conversation.Tenant, out var entity)
                && entity.Conversation == conversation)
            {
                named[entity.Sequence] = entity.Check;
            }
        }

        var rows = await tables.Conversations.FindAllAsync(
            conversation.PartitionKey, named.Keys.Select(TicketRowKeys.Ticket), cancellation);
        return
        [
            .. rows
                .Select(row => TicketRow.Read(row, conversation))
                .Where(ticket => named[ticket.Number] == ticket.Check)
                .OrderBy(ticket => ticket.Number),
        ];
    }

    /// <summary>The most tickets of a conversation: their keys have six digits.</summary>
    internal const int MaxNumber = 999_999;

    internal async Task<Ticket?> FindAsync(ConversationKey conversation, int number, CancellationToken cancellation) =>
        await tables.Conversations.FindAsync(
            conversation.PartitionKey, TicketRowKeys.Ticket(number), cancellation) is { } row
            ? TicketRow.Read(row, conversation)
            : null;
}
