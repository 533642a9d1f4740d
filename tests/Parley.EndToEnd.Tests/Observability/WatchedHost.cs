using System.Net;
using Parley.DevHost;
using Parley.DevHost.Emulator;
using Parley.Tenants;
using Parley.Testing;
using Parley.Testing.Telemetry;
using Xunit;

namespace Parley.EndToEnd.Tests.Observability;

/// <summary>
/// A host on a storage of its own, which exports to a receiver. All its timers run every second, and follow-ups reach
/// their queue through the timer only.
/// </summary>
public sealed class WatchedHost : IAsyncLifetime
{
    private const string AdminKey = "an admin key for this host alone";
    private readonly ApiClients clients = new();
    private readonly string refusals = Path.GetTempFileName();
    private readonly string faults = Path.GetTempFileName();
    private Azurite azurite = null!;
    private FunctionsHost host = null!;

    public OtlpReceiver Receiver { get; private set; } = null!;

    /// <summary>A client with all scopes of a tenant whose requests are measured by tenant.</summary>
    public HttpClient Client { get; private set; } = null!;

    public long Tenant { get; private set; }

    public string ConnectionString => azurite.ConnectionString;

    public async Task InitializeAsync()
    {
        Receiver = await OtlpReceiver.StartAsync();
        azurite = await Azurite.StartAsync(directory: null, Console.Error.WriteLine);
        host = await TestHost.StartAsync(new Dictionary<string, string?>(Receiver.Settings)
        {
            ["AzureWebJobsStorage"] = azurite.ConnectionString,
            ["Parley__AdminKey"] = AdminKey,
            ["FollowUpSchedule"] = "* * * * * *",
            ["ExportSchedule"] = "* * * * * *",
            ["AssistantSchedule"] = "* * * * * *",
            ["WatchSchedule"] = "* * * * * *",
            ["Exports__SettleSeconds"] = "0",
            ["Callbacks__AllowedHosts"] = "localhost",
            ["Telemetry__Tenants"] = "1",
            ["Test__RefusesFollowUps"] = refusals,
            ["Test__StorageFaults"] = faults,
        });
        var admin = clients.New(AdminKey, host.Api);
        var tenant = await admin.CallAsync(HttpMethod.Post, "v1/admin/tenants", new { name = "Watched" }, HttpStatusCode.Created);
        Tenant = tenant["id"]!.GetValue<long>();
        var key = await admin.CallAsync(HttpMethod.Post, $"v1/admin/tenants/{Tenant}/keys", new { label = "All", scopes = ScopeNames.All }, HttpStatusCode.Created);
        Client = clients.New(key["key"]!.GetValue<string>(), host.Api);
    }

    /// <summary>Lets the first attempt of every storage call fail while the action runs.</summary>
    public async Task WithRetriesAsync(Func<Task> action)
    {
        await File.WriteAllTextAsync(faults, "first");
        try
        {
            await action();
        }
        finally
        {
            await File.WriteAllTextAsync(faults, "");
        }
    }

    public async Task DisposeAsync()
    {
        clients.Dispose();
        await host.DisposeAsync();
        await azurite.DisposeAsync();
        await Receiver.DisposeAsync();
        File.Delete(refusals);
        File.Delete(faults);
    }
}
