using Microsoft.Extensions.DependencyInjection;

namespace Parley.Events;

internal static class EventServices
{
    public static IServiceCollection AddEvents(this IServiceCollection services) => services
        .AddSingleton<ChangeFeed>();
}
