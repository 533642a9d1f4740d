using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Parley.Tenants.Tokens;

internal static class TokenServices
{
    /// <exception cref="Core.StartUpException">An issuer in the settings is invalid.</exception>
    public static IServiceCollection AddTokens(this IServiceCollection services, IConfiguration configuration)
    {
        var issuers = IssuerSettings.Read(configuration);
        var client = IssuerDocuments.NewClient();
        return services
            .AddSingleton<SigningKeyStore>()
            .AddSingleton<SigningKeys>()
            .AddSingleton<SigningKeyRotation>()
            .AddSingleton<TokenClients>()
            .AddSingleton<TokenSigner>()
            .AddSingleton<AccessTokens>()
            .AddSingleton(provider => new TokenIssuers(
                issuers,
                issuer => new IssuerDocuments(client, permitsHttp: issuer.Metadata!.IsLoopback),
                provider.GetRequiredService<SigningKeys>(),
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<TokenIssuers>>()));
    }
}
