using System.Net.Http.Headers;
using Microsoft.Extensions.Configuration;
using Parley.DevHost;
using Parley.DevHost.Commands;
using Parley.DevHost.Emulator;
using Parley.Operations;
using Parley.Storage;
using Parley.Testing;

namespace Parley.Tests.Operations;

/// <summary>An Azurite for one test, and on demand a Parley that uses it.</summary>
internal sealed class OperatedStore : IAsyncDisposable
{
    internal const string AdminKey = "an admin key that only these tests use";
    private readonly Azurite azurite;
    private readonly IConfiguration configuration;

    private OperatedStore(Azurite azurite)
    {
        this.azurite = azurite;
        configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([KeyValuePair.Create<string, string?>("AzureWebJobsStorage", azurite.ConnectionString)]).Build();
        Account = Account.Connect(configuration);
    }

    public Account Account { get; }

    public string ConnectionString => azurite.ConnectionString;

    public static async Task<OperatedStore> StartAsync() => new(await Azurite.StartAsync(directory: null, Console.Error.WriteLine));

    /// <summary>Runs a command as the program does.</summary>
    /// <returns>The exit code, and all printed text.</returns>
    public async Task<(int Code, string Text)> RunAsync(params string[] arguments)
    {
        await using var text = new StringWriter();
        await using var synchronized = TextWriter.Synchronized(text);
        var code = await CommandLine.RunAsync(arguments, configuration, synchronized, synchronized, TimeProvider.System, CancellationToken.None);
        return (code, text.ToString());
    }

    /// <summary>Starts Parley on this store.</summary>
    /// <param name="ahead">The time by which its clock is ahead.</param>
    /// <param name="write">The table that schedule rows are written to.</param>
    public Task<FunctionsHost> StartHostAsync(TimeSpan ahead = default, ScheduleTable write = ScheduleTable.Schedule) => TestHost.StartAsync(new Dictionary<string, string?>
    {
        ["AzureWebJobsStorage"] = ConnectionString,
        ["Parley__AdminKey"] = AdminKey,
        ["Exports__SettleSeconds"] = "0",
        ["Callbacks__AllowedHosts"] = "localhost",
        ["Test__ClockAhead"] = $"{ahead:c}",
        ["Schedule__Write"] = $"{write}",
    });

    public static HttpClient ClientOf(FunctionsHost host, string apiKey) =>
        new() { BaseAddress = host.Api, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", apiKey) } };

    public static async Task<string> NewTenantAsync(FunctionsHost host, string name)
    {
        using var admin = new AdminClient(host.Api, AdminKey);
        return (await admin.CreateTenantAsync(name, "Test key")).ApiKey;
    }

    public ValueTask DisposeAsync() => azurite.DisposeAsync();
}
