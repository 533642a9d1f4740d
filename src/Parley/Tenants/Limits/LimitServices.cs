using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Parley.Tenants.Limits;

internal static class LimitServices
{
    /// <exception cref="Core.StartUpException">
    /// A setting is invalid. Settings are read here, so that the app does not start with an invalid one.
    /// </exception>
    public static IServiceCollection AddLimits(this IServiceCollection services, IConfiguration configuration) =>
        services
            .AddSingleton(RateOptions.Read(configuration))
            .AddSingleton(BoundOptions.Read(configuration))
            .AddSingleton<RateLimiter>()
            .AddSingleton<TenantBounds>();
}
