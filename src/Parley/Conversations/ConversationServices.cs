using Microsoft.Extensions.DependencyInjection;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations;

internal static class ConversationServices
{
    public static IServiceCollection AddConversations(this IServiceCollection services) => services
        .AddSingleton<ConversationReader>()
        .AddSingleton<ConversationActivity>()
        .AddSingleton<ConversationCreation>()
        .AddSingleton<ConversationList>()
        .AddSingleton<ActiveConversations>()
        .AddSingleton<NumberedConversations>()
        .AddSingleton(services => new ConversationTransaction(
            services.GetRequiredService<ParleyTables>(),
            services.GetRequiredService<ConversationReader>(),
            services.GetServices<IConversationPart>(),
            services.GetRequiredService<KeyedLock>(),
            services.GetRequiredService<WriteBudget>(),
            services.GetRequiredService<StorageClock>(),
            services.GetRequiredService<RandomSource>()))
        .AddSingleton<ConversationChange>()
        .AddSingleton<ConversationScan>()
        .AddSingleton<UnreadCounts>()
        .AddSingleton<InboxList>();
}
