using Microsoft.Extensions.DependencyInjection;

namespace Parley.Conversations.Messages;

internal static class MessageServices
{
    public static IServiceCollection AddMessages(this IServiceCollection services) => services
        .AddSingleton<MessageReferenceFinder>()
        .AddSingleton<MessageAppend>()
        .AddSingleton<MessageChange>()
        .AddSingleton<MessagePages>()
        .AddSingleton<MessageReader>()
        .AddSingleton<MessageReading>()
        .AddSingleton<MessageScan>()
        .AddSingleton<MediaMessages>()
        .AddSingleton<QuotedTexts>()
        .AddSingleton<ChatMessages>();
}
