using Microsoft.Extensions.DependencyInjection;
using Parley.Functions.Api.MaiAgent;

namespace Parley.Functions.Api.Dialects;

/// <summary>Registers the handlers and the forms of the dialects.</summary>
internal static class DialectServices
{
    public static IServiceCollection AddDialects(this IServiceCollection services) => services
        .AddSingleton(provider => new PerDialect<IConversationHandlers>(
            provider.Create<ConversationHandlers>(provider.Create<ParleyConversationForms>()))
        {
            Maiagent = provider.Create<ConversationHandlers>(provider.Create<MaiAgentConversationForms>()),
        })
        .AddSingleton(provider => new PerDialect<IMessageForms>(provider.Create<ParleyMessageForms>())
        {
            Maiagent = provider.Create<MaiAgentMessageForms>(),
        })
        .AddSingleton(provider => new PerDialect<IChatbotForms>(provider.Create<ParleyChatbotForms>())
        {
            Maiagent = provider.Create<MaiAgentChatbotForms>(),
        });

    private static T Create<T>(this IServiceProvider provider, params object[] given) =>
        ActivatorUtilities.CreateInstance<T>(provider, given);
}
