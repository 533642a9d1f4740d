using Microsoft.Extensions.DependencyInjection;

namespace Parley.Conversations;

internal static class ConversationServices
{
    public static IServiceCollection AddConversations(this IServiceCollection services) => services
        .AddSingleton<ConversationReader>()
        .AddSingleton<ConversationActivity>()
        .AddSingleton<ConversationCreation>()
        .AddSingleton<ConversationList>()
        .AddSingleton<ConversationChange>()
        .AddSingleton<ConversationScan>()
        .AddSingleton<UnreadCounts>();
}
