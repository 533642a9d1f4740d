using Parley.DevHost.Emulator;
using Xunit;

namespace Parley.Testing;

/// <summary>
/// Storage for tests: PARLEY_TEST_STORAGE when it is set, else one Azurite for the whole test process, started by
/// the first test that asks and ended with the process. Tests share it, so each works under names of its own.
/// </summary>
public sealed class AzuriteFixture : IAsyncLifetime
{
    // Azurite ends when this process does; holding the object keeps it from ending sooner.
    private static readonly Lazy<Task<Azurite>> Shared = new(() => Azurite.StartAsync(directory: null, Console.Error.WriteLine));

    /// <summary>The connection string of its account.</summary>
    public string ConnectionString { get; private set; } = "";

    /// <summary>The connection string, for those who are no xunit fixtures.</summary>
    public static async Task<string> GetConnectionStringAsync() =>
        Environment.GetEnvironmentVariable("PARLEY_TEST_STORAGE") is { Length: > 0 } configured ? configured : (await Shared.Value).ConnectionString;

    public async Task InitializeAsync() => ConnectionString = await GetConnectionStringAsync();

    public Task DisposeAsync() => Task.CompletedTask;
}
