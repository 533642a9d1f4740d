using Microsoft.Extensions.DependencyInjection;
using Parley.Files;
using Parley.Storage;

namespace Parley.Conversations.Messages;

internal static class MessageServices
{
    public static IServiceCollection AddMessages(this IServiceCollection services) => services
        .AddSingleton<MessageReferenceFinder>()
        .AddSingleton<ThreadCreation>()
        .AddSingleton<MessageReplays>()
        .AddSingleton<UploadCopies>()
        .AddSingleton<MessageAppend>()
        .AddSingleton(services => new MessageChange(
            services.GetRequiredService<ParleyTables>(),
            services.GetRequiredService<Schedule>(),
            services.GetRequiredService<ConversationReader>(),
            services.GetRequiredService<ConversationTransaction>(),
            services.GetRequiredService<ConversationActivity>(),
            services.GetServices<IMessageDeletionPart>(),
            services.GetRequiredService<QuotedTexts>(),
            services.GetRequiredService<FileStore>(),
            services.GetRequiredService<TimeProvider>()))
        .AddSingleton<MessagePages>()
        .AddSingleton<RecentMessages>()
        .AddSingleton<MessageReader>()
        .AddSingleton<MessagePreviews>()
        .AddSingleton<MessageReading>()
        .AddSingleton<MessageScan>()
        .AddSingleton<MediaMessages>()
        .AddSingleton<QuotedTexts>()
        .AddSingleton<ChatMessages>();
}
