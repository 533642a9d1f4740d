using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Parley.Functions.Administration;
using Parley.Functions.Http;

namespace Parley.Functions;

/// <summary>Registers the app: Parley and what its functions need.</summary>
public static class ParleyApp
{
    /// <summary>Adds them.</summary>
    public static IServiceCollection AddParleyApp(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddParley(configuration);
        services.AddSingleton<ApiEndpoint>();
        services.AddSingleton<RouteTable>();
        services.AddSingleton<Readiness>();

        // Every route reads its body against its own limit. Kestrel's early 413 would reach many clients as an empty 500.
        services.Configure<KestrelServerOptions>(options => options.Limits.MaxRequestBodySize = null);
        return services;
    }
}
