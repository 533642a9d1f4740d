using Microsoft.Extensions.DependencyInjection;

namespace Parley.Functions.Api.Dialects;

/// <summary>Registers the handlers of the dialects.</summary>
internal static class DialectServices
{
    public static IServiceCollection AddDialects(this IServiceCollection services) => services
        .AddSingleton<MaiAgent.ConversationHandlers>()
        .AddSingleton(provider => new PerDialect<IConversationHandlers>(
            provider.GetRequiredService<MaiAgent.ConversationHandlers>())
        {
            Flextell = ActivatorUtilities.CreateInstance<Flextell.ConversationHandlers>(
                provider, provider.GetRequiredService<MaiAgent.ConversationHandlers>()),
        });
}
