using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.Tickets;

/// <summary>The rows <c>tk|n</c> of a conversation's partition.</summary>
internal static class TicketRow
{
    public static TableEntity Create(Ticket ticket)
    {
        var row = new TableEntity(ticket.Conversation.PartitionKey, TicketRowKeys.Ticket(ticket.Number))
        {
            ["Check"] = ticket.Check,
            ["Rev"] = ticket.Revision,
            ["Status"] = (int)ticket.Status,
            ["CreatedAt"] = ticket.CreatedAt,
            ["UpdatedAt"] = ticket.UpdatedAt,
            ["FirstMessage"] = ticket.FirstMessage,
        };
        row.SetIfAny("Title", ticket.Title);
        row.SetIfAny("FinishedAt", ticket.FinishedAt);
        row.SetIfAny("LastMessage", ticket.LastMessage);
        return row;
    }

    public static Ticket Read(TableEntity row, ConversationKey conversation) => new()
    {
        Conversation = conversation,
        Number = KeyParts.LastNumber(row.RowKey),
        Check = row.GetInt64("Check")!.Value,
        Revision = row.GetInt32("Rev")!.Value,
        Status = (TicketStatus)row.GetInt32("Status")!.Value,
        Title = row.GetString("Title"),
        CreatedAt = row.GetDateTimeOffset("CreatedAt")!.Value,
        UpdatedAt = row.GetDateTimeOffset("UpdatedAt")!.Value,
        FinishedAt = row.GetDateTimeOffset("FinishedAt"),
        FirstMessage = row.GetInt32("FirstMessage")!.Value,
        LastMessage = row.GetInt32("LastMessage"),
        ETag = row.ETag,
    };
}
