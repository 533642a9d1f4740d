using Microsoft.Extensions.DependencyInjection;
using Parley.Tenants.Audit;
using Parley.Tenants.Tokens;

namespace Parley.Tenants;

internal static class TenantServices
{
    public static IServiceCollection AddTenants(this IServiceCollection services) => services
        .AddSingleton<AuditLog>()
        .AddSingleton<RefusedCalls>()
        .AddSingleton<CredentialCache>()
        .AddSingleton<Authenticator>()
        .AddSingleton<OpenCalls>()
        .AddSingleton<ApiKeyReader>()
        .AddSingleton<ApiKeyWriter>()
        .AddSingleton<ApiKeyUses>()
        .AddSingleton<ApiKeyListing>()
        .AddSingleton<TenantReader>()
        .AddSingleton<TenantAdministration>()
        .AddSingleton<WebhookSecrets>()
        .AddSingleton<TenantStates>()
        .AddSingleton<SigningKeyStore>()
        .AddSingleton<SigningKeys>()
        .AddSingleton<SigningKeyRotation>()
        .AddSingleton<TokenClients>()
        .AddSingleton<TokenSigner>();
}
