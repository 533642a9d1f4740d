using Microsoft.Extensions.DependencyInjection;

namespace Parley.Conversations.Threads;

internal static class ThreadServices
{
    public static IServiceCollection AddThreads(this IServiceCollection services) => services
        .AddSingleton<ThreadReader>()
        .AddSingleton<ThreadMessages>();
}
