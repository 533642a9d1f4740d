using Parley.DevHost.Emulator;
using Xunit;

namespace Parley.Testing;

/// <summary>
/// Storage for tests: PARLEY_TEST_STORAGE when it is set, otherwise one Azurite for the whole test process. The first
/// test that needs it starts it, and it ends with the process. Tests share it, so each test uses unique names.
/// </summary>
public sealed class AzuriteFixture : IAsyncLifetime
{
    // Azurite ends with this process. The reference keeps the object from being collected, which would end it sooner.
    private static readonly Lazy<Task<Azurite>> Shared = new(() => Azurite.StartAsync(directory: null, Console.Error.WriteLine));

    public string ConnectionString { get; private set; } = "";

    /// <summary>The connection string, for callers that are not xunit fixtures.</summary>
    public static async Task<string> GetConnectionStringAsync() =>
        Environment.GetEnvironmentVariable("PARLEY_TEST_STORAGE") is { Length: > 0 } configured ? configured : (await Shared.Value).ConnectionString;

    /// <summary>True for the storage that the tests of this process share.</summary>
    public static async Task<bool> IsSharedAsync(string? connectionString) =>
        connectionString is not null && Shared.IsValueCreated && connectionString == (await Shared.Value).ConnectionString;

    public async Task InitializeAsync() => ConnectionString = await GetConnectionStringAsync();

    public Task DisposeAsync() => Task.CompletedTask;
}
