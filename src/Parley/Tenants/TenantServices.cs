using Microsoft.Extensions.DependencyInjection;
using Parley.Tenants.Audit;

namespace Parley.Tenants;

internal static class TenantServices
{
    public static IServiceCollection AddTenants(this IServiceCollection services) => services
        .AddSingleton<AuditLog>()
        .AddSingleton<RefusedCalls>()
        .AddSingleton<Authenticator>()
        .AddSingleton<TenantAdministration>()
        .AddSingleton<WebhookSecrets>()
        .AddSingleton<SecretResealing>()
        .AddSingleton<TenantStates>();
}
