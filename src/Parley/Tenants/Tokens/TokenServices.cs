using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Protocols;

namespace Parley.Tenants.Tokens;

internal static class TokenServices
{
    /// <summary>The most bytes of an issuer's document.</summary>
    private const int MaxDocument = 1 << 20;

    /// <exception cref="Core.StartUpException">An issuer in the settings is invalid.</exception>
    public static IServiceCollection AddTokens(this IServiceCollection services, IConfiguration configuration)
    {
        var issuers = IssuerSettings.Read(configuration);
        return services
            .AddSingleton<SigningKeyStore>()
            .AddSingleton<SigningKeys>()
            .AddSingleton<SigningKeyRotation>()
            .AddSingleton<TokenClients>()
            .AddSingleton<TokenSigner>()
            .AddSingleton<AccessTokens>()
            .AddSingleton(provider => new TokenIssuers(
                issuers,
                NewRetriever,
                provider.GetRequiredService<SigningKeys>(),
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<TokenIssuers>>()));
    }

    /// <summary>
    /// Fetches an issuer's documents. It follows no redirection, so that they come from where the operator and the
    /// issuer's configuration say; by http only from an issuer on this machine.
    /// </summary>
    private static HttpDocumentRetriever NewRetriever(TokenIssuer issuer)
    {
        var client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        })
        {
            MaxResponseContentBufferSize = MaxDocument,
            Timeout = IssuerKeys.MaxTime,
        };
        return new HttpDocumentRetriever(client)
        {
            RequireHttps = !issuer.Metadata!.IsLoopback,
            SendAdditionalHeaderData = false,
        };
    }
}
