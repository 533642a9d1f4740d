using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Completions;
using Parley.Assistants.Providers;
using Parley.Assistants.Records;
using Parley.Conversations.Messages;
using Parley.Storage;

namespace Parley.Assistants;

internal static class AssistantServices
{
    /// <exception cref="Core.StartUpException">
    /// A setting is invalid. Settings are read here, so that the app does not start with invalid ones.
    /// </exception>
    public static IServiceCollection AddAssistants(this IServiceCollection services, IConfiguration configuration)
    {
        var time = services
            .Last(service => service.ServiceType == typeof(TimeProvider))
            .ImplementationInstance as TimeProvider;
        return services
            .AddSingleton(AssistantProviders.Read(configuration, time ?? TimeProvider.System))
            .AddSingleton(AssistantOptions.Read(configuration))
            .AddWorkQueue<QueuedReply>()
            .AddSingleton<ChatbotReader>()
            .AddSingleton<ChatbotWriter>()
            .AddSingleton<WebChats>()
            .AddSingleton<Prompts>()
            .AddSingleton<CompletionDrafts>()
            .AddSingleton<CompletionStore>()
            .AddSingleton<IMessageDeletionPart, CompletionTextDeletion>()
            .AddSingleton<CompletionWriter>()
            .AddSingleton<RunningCompletions>()
            .AddSingleton<CompletionProducer>()
            .AddSingleton<CompletionFollower>()
            .AddSingleton<CompletionRecovery>()
            .AddSingleton<CompletionCommands>()
            .AddSingleton<AutoReplies>()
            .AddSingleton<RecordReader>()
            .AddSingleton<RecordScores>();
    }
}
