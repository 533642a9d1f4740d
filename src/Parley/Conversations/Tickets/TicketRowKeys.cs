using System.Globalization;

namespace Parley.Conversations.Tickets;

/// <summary>Tickets.</summary>
internal static class TicketRowKeys
{
    /// <summary>A ticket of a conversation.</summary>
    public static string Ticket(int number) => string.Create(CultureInfo.InvariantCulture, $"tk|{number:D6}");
}
