using Microsoft.Extensions.DependencyInjection;
using Parley.Tenants.Audit;

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
        .AddSingleton<TenantStates>();
}
