using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Parley.Core;
using Parley.Functions.Api;
using Parley.Functions.Api.Parley;

namespace Parley.Functions;

/// <summary>Registers the app: Parley and what its functions need.</summary>
public static class ParleyApp
{
    /// <summary>The builder of the worker: the worker's own services, its web server, and the app.</summary>
    /// <param name="args">The program's arguments.</param>
    /// <param name="settings">Settings that take the place of those of the environment.</param>
    /// <exception cref="StartUpException">A setting is wrong.</exception>
    public static FunctionsApplicationBuilder CreateBuilder(string[] args, IEnumerable<KeyValuePair<string, string?>>? settings = null)
    {
        var builder = FunctionsApplication.CreateBuilder(args);
        builder.Configuration.AddInMemoryCollection(settings);
        builder.ConfigureFunctionsWebApplication();
        RefuseUnresolvedReferences(builder.Configuration);
        builder.Services.AddParleyApp(builder.Configuration);
        return builder;
    }

    /// <summary>Adds them.</summary>
    /// <exception cref="StartUpException">A setting is wrong.</exception>
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

    /// <summary>
    /// The platform passes the text of a Key Vault reference that it cannot resolve. It can be guessed, so it must never serve as a key.
    /// </summary>
    /// <exception cref="StartUpException">One is not resolved.</exception>
    private static void RefuseUnresolvedReferences(IConfiguration configuration)
    {
        var unresolved = configuration.AsEnumerable().FirstOrDefault(setting =>
            setting.Value?.StartsWith("@Microsoft.KeyVault(", StringComparison.OrdinalIgnoreCase) is true).Key;
        if (unresolved is not null)
        {
            throw new StartUpException(
                $"{unresolved.Replace(":", "__", StringComparison.Ordinal)} is a Key Vault reference that is not resolved. "
                + "Check that the vault contains it and that the app's identity has the role Key Vault Secrets User.");
        }
    }
}
