using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Parley.Webhooks;

internal static class WebhookServices
{
    public static IServiceCollection AddWebhooks(
        this IServiceCollection services, IConfiguration configuration) => services
        .AddSingleton(_ => AllowedHosts.Read(configuration))
        .AddSingleton<WebhookClient>()
        .AddSingleton<IWebhookSender>(provider => provider.GetRequiredService<WebhookClient>())
        .AddSingleton<WebhookSchedule>();
}
