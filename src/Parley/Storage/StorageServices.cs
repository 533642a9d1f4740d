using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Parley.Core;
using Parley.Storage.ChangeLog;
using Parley.Storage.Secrets;

namespace Parley.Storage;

internal static class StorageServices
{
    /// <summary>Registers storage. An already registered clock, random source or client is kept.</summary>
    /// <exception cref="StartUpException">A setting is invalid.</exception>
    public static IServiceCollection AddStorage(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<RandomSource>();
        services.TryAddSingleton(provider => StorageClients.ConnectTables(
            configuration, StorageClients.TableOptions(provider.GetRequiredService<StorageClock>())));
        services.TryAddSingleton(_ => StorageClients.ConnectBlobs(configuration));
        services.TryAddSingleton(_ => StorageClients.ConnectQueues(configuration));

        // Before all other hosted services: the worker's own one starts to accept invocations, which need the tables.
        services.Insert(0, ServiceDescriptor.Singleton<IHostedService, StorageCreation>());
        return services
            .AddStorageResource<ParleyTables>()
            .AddSingleton(ScheduleOptions.Read(configuration))
            .AddSingleton<Schedule>()
            .AddSingleton(SecretOptions.Read(configuration))
            .AddSingleton<SecretSealer>()
            .AddSingleton<StorageClock>()
            .AddSingleton<ObjectLog>()
            .AddSingleton<KeyedLock>()
            .AddSingleton<WriteBudget>()
            .AddSingleton<OptimisticUpdate>()
            .AddSingleton<TenantCounters>()
            .AddSingleton<Cursors>();
    }

    /// <summary>Registers a service whose tables, containers or queues are created when the app starts.</summary>
    public static IServiceCollection AddStorageResource<T>(this IServiceCollection services)
        where T : class, IStorageResource =>
        services.AddSingleton<T>().AddSingleton<IStorageResource>(provider => provider.GetRequiredService<T>());

    /// <summary>Registers the queues of one type of messages.</summary>
    public static IServiceCollection AddWorkQueue<T>(this IServiceCollection services)
        where T : IWorkMessage<T> =>
        services.AddStorageResource<WorkQueue<T>>()
            .AddSingleton<IWorkQueue<T>>(provider => provider.GetRequiredService<WorkQueue<T>>());
}
