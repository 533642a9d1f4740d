using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Parley.DevHost;
using Parley.DevHost.Commands;
using Parley.DevHost.Emulator;
using Parley.Testing;
using Parley.Testing.Telemetry;
using Xunit;

namespace Parley.EndToEnd.Tests.Observability;

/// <summary>
/// A host on a storage of its own, which exports to a receiver. All its timers run every second, and follow-ups reach
/// their queue through the timer only.
/// </summary>
#pragma warning disable CA1001 // Disposed by IAsyncLifetime.DisposeAsync.
public sealed class WatchedHost : IAsyncLifetime
#pragma warning restore CA1001
{
    public const string AdminKey = "an admin key for this host alone";
    public const string ProviderKey = "sk-the-key-of-the-provider";
    private readonly ApiClients clients = new();
    private readonly string refusals = Path.GetTempFileName();
    private readonly string faults = Path.GetTempFileName();
    private readonly WebApplication provider = QuotingProvider();
    private Azurite azurite = null!;
    private FunctionsHost host = null!;

    public OtlpReceiver Receiver { get; private set; } = null!;

    /// <summary>A tenant whose requests are measured by tenant.</summary>
    public TenantAccess Access { get; private set; } = null!;

    /// <summary>A client with all scopes of the tenant.</summary>
    public HttpClient Client { get; private set; } = null!;

    public HttpClient Admin { get; private set; } = null!;

    public string ConnectionString => azurite.ConnectionString;

    public async Task InitializeAsync()
    {
        Receiver = await OtlpReceiver.StartAsync();
        await provider.StartAsync();
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
            ["Logging__LogLevel__Parley"] = "Debug",
            ["Providers__main__Type"] = "scripted",
            ["Providers__quoting__Endpoint"] = provider.Urls.Single(),
            ["Providers__quoting__Key"] = ProviderKey,
            ["Providers__quoting__Model"] = "quoting",
        });
        Admin = clients.New(AdminKey, host.Api);
        using var creation = new AdminClient(host.Api, AdminKey);
        Access = await creation.CreateTenantAsync("Watched", "All");
        Client = clients.New(Access.ApiKey, host.Api);
    }

    /// <summary>Lets storage calls fail while the action runs.</summary>
    /// <param name="which">first, for the first attempt of every call, or all.</param>
    public async Task WithFaultsAsync(string which, Func<Task> action)
    {
        await File.WriteAllTextAsync(faults, which);
        try
        {
            await action();
        }
        finally
        {
            await File.WriteAllTextAsync(faults, "");
        }
    }

    /// <summary>A provider that refuses every request, and quotes all of it.</summary>
    private static WebApplication QuotingProvider()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var quoted = $"{string.Join(' ', context.Request.Headers.Values)} {await reader.ReadToEndAsync()}";
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsync(new JsonObject { ["error"] = new JsonObject { ["message"] = quoted, ["code"] = quoted } }.ToJsonString());
        });
        return app;
    }

    public async Task DisposeAsync()
    {
        clients.Dispose();
        await host.DisposeAsync();
        await azurite.DisposeAsync();
        await provider.DisposeAsync();
        await Receiver.DisposeAsync();
        File.Delete(refusals);
        File.Delete(faults);
    }
}
