using Microsoft.Extensions.DependencyInjection;

namespace Parley.Conversations.Tickets;

internal static class TicketServices
{
    public static IServiceCollection AddTickets(this IServiceCollection services) => services
        .AddSingleton<TicketReader>()
        .AddSingleton<TicketWriter>();
}
