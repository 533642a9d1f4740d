using Microsoft.Extensions.DependencyInjection;

namespace Parley.Senders;

internal static class SenderServices
{
    public static IServiceCollection AddSenders(this IServiceCollection services) => services
        .AddSingleton<SenderReader>()
        .AddSingleton<SenderWriter>();
}
