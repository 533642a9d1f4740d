using Microsoft.Extensions.DependencyInjection;

namespace Parley.Cleanup;

internal static class CleanupServices
{
    public static IServiceCollection AddCleanup(this IServiceCollection services) => services
        .AddSingleton<CleanupJob>()
        .AddSingleton<SecretResealing>()
        .AddSingleton<ErasedStores>()
        .AddSingleton<TenantErasures>()
        .AddSingleton<TenantErasureJob>();
}
