using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Parley.DevHost;
using Parley.DevHost.Commands;
using Parley.Tenants;
using Xunit;

namespace Parley.Testing;

/// <summary>
/// A tenant of its own in a running Parley, for black-box tests. Parley is the host at PARLEY_BASE_URL
/// (<c>http://localhost:7071/api</c>) with the admin key PARLEY_ADMIN_KEY, or, without that setting, one host for the
/// whole test process, which runs the real worker on <see cref="AzuriteFixture"/>. The first fixture starts it, and it
/// ends with the process. Test classes that use it run at the same time: lists of all tenants change meanwhile.
/// </summary>
#pragma warning disable CA1001 // Disposed by IAsyncLifetime.DisposeAsync.
public sealed class ParleyFixture : IAsyncLifetime
#pragma warning restore CA1001
{
    private static readonly string SharedAdminKey = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
    private static readonly Lazy<Task<FunctionsHost>> Shared = new(StartAsync);
    private readonly ApiClients clients = new();

    /// <summary>The API's address, with a trailing slash: <c>http://127.0.0.1:port/api/</c>.</summary>
    public Uri Api { get; private set; } = null!;

    public string AdminKey { get; private set; } = "";

    /// <summary>An API key of the fixture's tenant, with all scopes.</summary>
    public string ApiKey { get; private set; } = "";

    /// <summary>A client that sends <see cref="ApiKey"/>.</summary>
    public HttpClient Client { get; private set; } = null!;

    /// <summary>
    /// True when the host was started elsewhere, so the test does not control its clock, providers and storage.
    /// </summary>
    public bool RunsElsewhere { get; private set; }

    public async Task InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("PARLEY_BASE_URL") is { Length: > 0 } url)
        {
            RunsElsewhere = true;
            Api = new Uri(url.TrimEnd('/') + "/");
            AdminKey = Required("PARLEY_ADMIN_KEY");
        }
        else
        {
            AdminKey = SharedAdminKey;
            Api = (await Shared.Value).Api;
        }

        ApiKey = (await CreateTenantAsync("Tests")).ApiKey;
        Client = NewClient(ApiKey);
    }

    /// <summary>Creates another tenant with its own API key.</summary>
    public async Task<TenantAccess> CreateTenantAsync(string name)
    {
        // Not through AdminClient, because these responses are validated against docs/openapi.yaml too.
        var admin = NewClient(AdminKey);
        var tenant = await PostAsync(admin, "v1/admin/tenants", new { name });
        var id = tenant.GetProperty("id").GetInt64();
        var key = await PostAsync(admin, $"v1/admin/tenants/{id}/keys", new { label = "Test key", scopes = ScopeNames.All });
        return new TenantAccess(id, key.GetProperty("key").GetString()!, tenant.GetProperty("webhookSecret").GetString()!);
    }

    /// <summary>
    /// A client of the API. Every response is validated against the OpenAPI document of the key's dialect. The fixture
    /// disposes the client.
    /// </summary>
    /// <param name="token">The bearer token; null sends none.</param>
    /// <param name="api">The address of another host's API; null for the fixture's.</param>
    public HttpClient NewClient(string? token, Uri? api = null) => clients.New(token, api ?? Api);

    public Task DisposeAsync()
    {
        clients.Dispose();
        return Task.CompletedTask;
    }

    private static async Task<FunctionsHost> StartAsync() => await FunctionsHost.StartAsync(new FunctionsHostOptions
    {
        // As on Flex Consumption, so that no test passes because functions share memory.
        IsIsolated = true,
        Settings = new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync(),
            ["Parley__AdminKey"] = SharedAdminKey,
            ["FollowUpSchedule"] = "0 * * * * *",
            ["ExportSchedule"] = "30 * * * * *",
            ["AssistantSchedule"] = "15 * * * * *",
            ["HousekeepingSchedule"] = "0 */15 * * * *",
            ["WatchSchedule"] = "45 */5 * * * *",
            ["Exports__SettleSeconds"] = "0",
            ["Callbacks__AllowedHosts"] = "localhost",
            ["Providers__main__Type"] = "scripted",
            ["Providers__impatient__Type"] = "scripted",
            ["Providers__impatient__TimeoutSeconds"] = "1",
        },
    });

    private static async Task<JsonElement> PostAsync(HttpClient client, string path, object body)
    {
        using var response = await client.PostAsJsonAsync(path, body);
        return response.IsSuccessStatusCode
            ? await response.Content.ReadFromJsonAsync<JsonElement>()
            : throw new HttpRequestException($"POST {path} answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
    }

    private static string Required(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : throw new InvalidOperationException($"PARLEY_BASE_URL is set, so {name} must be too.");
}
