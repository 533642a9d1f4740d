using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Parley.Assistants.Chatbots;
using Parley.Assistants.Completions;
using Parley.Assistants.Providers;
using Parley.Assistants.Records;
using Parley.Cleanup;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Conversations.Messages;
using Parley.Conversations.Threads;
using Parley.Conversations.Tickets;
using Parley.Core;
using Parley.Exports;
using Parley.Files;
using Parley.Senders;
using Parley.Storage;
using Parley.Tenants;
using Parley.Webhooks;

namespace Parley;

/// <summary>Registers Parley.</summary>
public static class ParleyServices
{
    /// <summary>Adds all features over the storage that <see cref="StorageSetup.Connect"/> finds in the configuration.</summary>
    public static IServiceCollection AddParley(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<RandomSource>();
        services.TryAddSingleton(_ => StorageSetup.Connect(configuration, StorageSetup.ClientOptions()));
        services.TryAddSingleton(_ => StorageSetup.ConnectBlobs(configuration));
        services.TryAddSingleton(_ => StorageSetup.ConnectQueues(configuration));
        services.AddSingleton<ParleyTables>();
        services.AddSingleton<FileStore>();

        // First of all hosted services: the worker's own begins to take invocations, and they need the tables.
        services.Insert(0, ServiceDescriptor.Singleton<IHostedService, StorageSetup>());
        services.AddSingleton<KeyedLock>();
        services.AddSingleton<WriteBudget>();
        services.AddSingleton<OptimisticUpdate>();
        services.AddSingleton<TenantCounters>();
        services.AddSingleton<Cursors>();

        services.AddSingleton<Authenticator>();
        services.AddSingleton<TenantAdministration>();
        services.AddSingleton<WebhookSecrets>();

        services.AddSingleton<ConversationReader>();
        services.AddSingleton<ConversationActivity>();
        services.AddSingleton<ConversationCreation>();
        services.AddSingleton<ConversationList>();
        services.AddSingleton<ConversationChange>();
        services.AddSingleton<UnreadCounts>();

        services.AddSingleton<MessageReferenceFinder>();
        services.AddSingleton<MessageAppend>();
        services.AddSingleton<MessageChange>();
        services.AddSingleton<MessagePages>();
        services.AddSingleton<QuotedTexts>();
        services.AddSingleton<MessageReader>();
        services.AddSingleton<MessageReading>();
        services.AddSingleton<MediaMessages>();
        services.AddSingleton<ChatMessages>();

        services.AddSingleton<FollowUpQueue>();
        services.AddSingleton<IFollowUpQueue>(provider => provider.GetRequiredService<FollowUpQueue>());
        services.AddSingleton<FollowUpIndex>();
        services.AddSingleton<FollowUpReader>();
        services.AddSingleton<FollowUpList>();
        services.AddSingleton<FollowUpWriter>();
        services.AddSingleton<FollowUpDispatch>();
        services.AddSingleton<DueFollowUpResolver>();
        services.AddSingleton<FollowUpSender>();

        services.AddSingleton(_ => AllowedHosts.Read(configuration));
        services.AddSingleton<WebhookClient>();
        services.AddSingleton<IWebhookSender>(provider => provider.GetRequiredService<WebhookClient>());
        services.AddSingleton<WebhookSchedule>();

        services.AddSingleton(ExportOptions.Read(configuration)); // Now: a wrong setting is to be seen at the start.
        services.AddSingleton<ExportFiles>();
        services.AddSingleton<ExportQueues>();
        services.AddSingleton<IExportQueues>(provider => provider.GetRequiredService<ExportQueues>());
        services.AddSingleton<ExportReader>();
        services.AddSingleton<ExportIndex>();
        services.AddSingleton<ExportWriter>();
        services.AddSingleton<ExportLeases>();
        services.AddSingleton<ExportCreation>();
        services.AddSingleton<ExportDispatch>();
        services.AddSingleton<ConversationScan>();
        services.AddSingleton<MessageScan>();
        services.AddSingleton<ExportFileJob>();
        services.AddSingleton<ExportCallback>();
        services.AddSingleton<ExportRedelivery>();
        services.AddSingleton<ExportRemoval>();

        services.AddSingleton<CleanupJob>();

        services.AddSingleton<SenderReader>();
        services.AddSingleton<SenderWriter>();
        var time = services.Last(service => service.ServiceType == typeof(TimeProvider)).ImplementationInstance as TimeProvider ?? TimeProvider.System;
        services.AddSingleton(AssistantProviders.Read(configuration, time)); // Now: as above.
        services.AddSingleton<ChatbotReader>();
        services.AddSingleton<ChatbotWriter>();
        services.AddSingleton(AssistantOptions.Read(configuration));
        services.AddSingleton<ReplyQueue>();
        services.AddSingleton<IReplyQueue>(provider => provider.GetRequiredService<ReplyQueue>());
        services.AddSingleton<Prompts>();
        services.AddSingleton<CompletionDrafts>();
        services.AddSingleton<CompletionIndex>();
        services.AddSingleton<CompletionReader>();
        services.AddSingleton<CompletionWriter>();
        services.AddSingleton<CompletionProducer>();
        services.AddSingleton<CompletionFollower>();
        services.AddSingleton<CompletionRecovery>();
        services.AddSingleton<CompletionCommands>();
        services.AddSingleton<AutoReplies>();
        services.AddSingleton<RecordReader>();
        services.AddSingleton<RecordScores>();
        services.AddSingleton<ThreadReader>();
        services.AddSingleton<ThreadCreation>();
        services.AddSingleton<TicketReader>();
        services.AddSingleton<TicketWriter>();
        return services;
    }
}
