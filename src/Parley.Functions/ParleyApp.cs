using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Functions.Api;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Dialects;
using Parley.Functions.Api.Parley;
using Parley.Functions.Api.Responses;
using Parley.Functions.Observability;
using Parley.Functions.Triggers;

namespace Parley.Functions;

/// <summary>Registers the services of the app.</summary>
public static class ParleyApp
{
    /// <summary>Creates the builder of the worker, with its web server and the services of the app.</summary>
    /// <param name="args">The arguments of the program.</param>
    /// <param name="settings">Settings that override those of the environment.</param>
    /// <exception cref="StartUpException">A setting is invalid.</exception>
    public static FunctionsApplicationBuilder CreateBuilder(
        string[] args,
        IEnumerable<KeyValuePair<string, string?>>? settings = null)
    {
        var builder = FunctionsApplication.CreateBuilder(args);
        builder.Configuration.AddInMemoryCollection(settings);
        builder.ConfigureFunctionsWebApplication();

        // From Information on it logs every request with its path and query, which may hold names and signatures.
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.UseMiddleware<InvocationMiddleware>();
        builder.UseMiddleware<AccessMiddleware>();
        RefuseUnresolvedReferences(builder.Configuration);
        builder.AddTelemetryExport();
        builder.Services.AddParleyApp(builder.Configuration);
        return builder;
    }

    /// <exception cref="StartUpException">A setting is invalid.</exception>
    public static IServiceCollection AddParleyApp(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddParley(configuration);
        services.AddSingleton(CorsPolicy.Read(configuration));
        services.AddSingleton(PublicOrigin.Read(configuration));
        services.AddSingleton(MeasuredTenants.Read(configuration));
        services.AddSingleton<Authorization>();
        services.AddSingleton<KeyGuard>();
        services.AddSingleton<ApiEndpoint>();
        services.AddSingleton<RouteTable>();
        services.AddDialects();
        services.AddSingleton<Readiness>();
        services.AddSingleton<QueueMessages>();
        services.AddHostedService<AdminKeyWarning>();

        // Each route enforces its own limit while it reads the body. An early 413 of Kestrel would reach many clients
        // as an empty 500.
        services.Configure<KestrelServerOptions>(options => options.Limits.MaxRequestBodySize = null);
        return services;
    }

    /// <summary>
    /// The platform passes on the text of a Key Vault reference that it cannot resolve. That text is guessable, so it
    /// must never be accepted as a key.
    /// </summary>
    /// <exception cref="StartUpException">A reference is not resolved.</exception>
    private static void RefuseUnresolvedReferences(IConfiguration configuration)
    {
        var unresolved = configuration.AsEnumerable().FirstOrDefault(setting =>
            setting.Value?.StartsWith("@Microsoft.KeyVault(", StringComparison.OrdinalIgnoreCase) is true).Key;
        if (unresolved is not null)
        {
            var name = unresolved.Replace(":", "__", StringComparison.Ordinal);
            throw new StartUpException(
                $"{name} is a Key Vault reference that is not resolved. "
                + "Check that the vault contains it and that the app's identity has the role Key Vault Secrets User.");
        }
    }
}
