using System.Security.Cryptography;
using Azure.Data.Tables;
using Microsoft.Extensions.DependencyInjection;
using Parley.Core;
using Parley.DevHost;
using Parley.DevHost.Commands;
using Parley.Storage;

namespace Parley.Benchmarks;

/// <summary>A storage in memory and Parley on a free port, for one measure.</summary>
internal sealed class StartedSystem : IAsyncDisposable
{
    /// <summary>A schedule that does not occur during a measure.</summary>
    public const string Never = "0 59 23 31 12 *";

    private static readonly TimeSpan SeedTimeout = TimeSpan.FromMinutes(1);

    private readonly FunctionsHost host;
    private readonly InProcessWorker worker;
    private readonly AdminClient admin;

    private StartedSystem(BenchStorage storage, FunctionsHost host, InProcessWorker worker, string adminKey)
    {
        (Storage, this.host, this.worker) = (storage, host, worker);
        Api = host.Api;
        admin = new AdminClient(Api, adminKey);
        RawTables = new ParleyTables(new TableServiceClient(storage.ConnectionString, StorageClients.TableOptions()));
        var patient = StorageClients.TableOptions();
        patient.Retry.NetworkTimeout = SeedTimeout;
        SeedTables = new ParleyTables(new TableServiceClient(storage.ConnectionString, patient));
    }

    /// <summary>The API's address, with a trailing slash.</summary>
    public Uri Api { get; }

    public BenchStorage Storage { get; }

    /// <summary>Parley's tables, accessed directly with clients of the same options.</summary>
    public ParleyTables RawTables { get; }

    /// <summary>
    /// The tables for filling: on a busy machine a call may exceed the time-out of <see cref="RawTables"/>, and an
    /// insert that is repeated fails on its own rows.
    /// </summary>
    public ParleyTables SeedTables { get; }

    public IServiceProvider Services => worker.Services;

    /// <summary>Starts both.</summary>
    /// <param name="configure">Changes the app's services; it receives the connection string of the storage.</param>
    /// <param name="followUpSchedule">The schedule of the follow-up timer; by default never.</param>
    /// <param name="more">More settings.</param>
    /// <param name="kind">The storage; its latency and limits are off until <see cref="BenchStorage.BeginAsync"/>.</param>
    public static async Task<StartedSystem> StartAsync(
        Action<IServiceCollection, string>? configure = null,
        string followUpSchedule = Never,
        IEnumerable<KeyValuePair<string, string?>>? more = null,
        StorageKind kind = StorageKind.Azurite)
    {
        var storage = await BenchStorage.StartAsync(kind);
        try
        {
            var adminKey = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
            var settings = new Dictionary<string, string?>
            {
                ["AzureWebJobsStorage"] = storage.ConnectionString,
                ["Parley__AdminKey"] = adminKey,
                ["FollowUpSchedule"] = followUpSchedule,
                ["HousekeepingSchedule"] = Never,
                ["ExportSchedule"] = Never,
                ["AssistantSchedule"] = Never,
                ["WatchSchedule"] = Never,
                ["Exports__SettleSeconds"] = "0",
                ["Providers__main__Type"] = "scripted",
            };
            foreach (var (name, value) in more ?? [])
            {
                settings[name] = value;
            }

            InProcessWorker? inProcess = null;
            var started = await FunctionsHost.StartAsync(new FunctionsHostOptions
            {
                Settings = settings,
                StartWorkerAsync = async environment =>
                    inProcess = await InProcessWorker.StartAsync(environment, services => configure?.Invoke(services, storage.ConnectionString)),
            });
            return new StartedSystem(storage, started, inProcess!, adminKey);
        }
        catch
        {
            await storage.DisposeAsync();
            throw;
        }
    }

    /// <summary>Creates a tenant and a client for it.</summary>
    public async Task<TenantClient> NewTenantAsync()
    {
        var access = await admin.CreateTenantAsync("Benchmark", "Benchmark key");
        return new TenantClient(Api, new TenantId((int)access.Tenant), access.ApiKey);
    }

    public async ValueTask DisposeAsync()
    {
        admin.Dispose();
        await host.DisposeAsync();
        await Storage.DisposeAsync();
    }
}
