using Microsoft.Extensions.DependencyInjection;

namespace Parley.Tenants;

internal static class TenantServices
{
    public static IServiceCollection AddTenants(this IServiceCollection services) => services
        .AddSingleton<Authenticator>()
        .AddSingleton<TenantAdministration>()
        .AddSingleton<WebhookSecrets>()
        .AddSingleton<SecretResealing>();
}
