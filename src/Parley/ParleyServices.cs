using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Parley.Assistants;
using Parley.Cleanup;
using Parley.Conversations;
using Parley.Conversations.FollowUps;
using Parley.Conversations.Messages;
using Parley.Conversations.Threads;
using Parley.Conversations.Tickets;
using Parley.Events;
using Parley.Exports;
using Parley.Files;
using Parley.Senders;
using Parley.Storage;
using Parley.Tenants;
using Parley.Tenants.Limits;
using Parley.Tenants.Tokens;
using Parley.Webhooks;

namespace Parley;

public static class ParleyServices
{
    /// <summary>Registers all features, with the storage account that the configuration names.</summary>
    /// <exception cref="Core.StartUpException">A setting is invalid.</exception>
    public static IServiceCollection AddParley(this IServiceCollection services, IConfiguration configuration) =>
        services
            .AddStorage(configuration)
            .AddFiles()
            .AddTenants()
            .AddTokens(configuration)
            .AddLimits(configuration)
            .AddSenders()
            .AddConversations()
            .AddMessages()
            .AddThreads()
            .AddTickets()
            .AddFollowUps()
            .AddWebhooks(configuration)
            .AddExports(configuration)
            .AddAssistants(configuration)
            .AddEvents()
            .AddCleanup();
}
