using System.Globalization;

namespace Parley.Conversations.Tickets;

internal static class TicketRowKeys
{
    public static string Ticket(int number) => string.Create(CultureInfo.InvariantCulture, $"tk|{number:D6}");
}
