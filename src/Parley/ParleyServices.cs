using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Parley.Conversations;
using Parley.Messages;
using Parley.Storage;
using Parley.Tenants;

namespace Parley;

/// <summary>Registers Parley.</summary>
public static class ParleyServices
{
    /// <summary>Adds all features over the storage that <see cref="StorageSetup.Connect"/> finds in the configuration.</summary>
    public static IServiceCollection AddParley(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<Entropy>();
        services.TryAddSingleton(_ => StorageSetup.Connect(configuration, StorageSetup.ClientOptions()));
        services.AddSingleton<ParleyTables>();

        // First of all hosted services: the worker's own begins to take invocations, and they need the tables.
        services.Insert(0, ServiceDescriptor.Singleton<IHostedService, StorageSetup>());
        services.AddSingleton<KeyedLock>();
        services.AddSingleton<WriteBudget>();

        services.AddSingleton<Authenticator>();
        services.AddSingleton<TenantAdministration>();

        services.AddSingleton<ConversationReader>();
        services.AddSingleton<ConversationActivity>();
        services.AddSingleton<ConversationCreation>();

        services.AddSingleton<MessageAppend>();
        services.AddSingleton<MessageChange>();
        services.AddSingleton<MessagePages>();
        services.AddSingleton<QuotedTexts>();
        return services;
    }
}
