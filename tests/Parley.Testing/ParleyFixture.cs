using System.Net.Http.Headers;
using System.Security.Cryptography;
using Parley.LocalHost;
using Xunit;

namespace Parley.Testing;

/// <summary>
/// A running Parley for black-box tests, with a tenant: the host that PARLEY_BASE_URL, PARLEY_ADMIN_KEY and
/// PARLEY_API_KEY name (<c>http://localhost:7071/api</c>), else one in this process on <see cref="AzuriteFixture"/>.
/// </summary>
public sealed class ParleyFixture : IAsyncLifetime
{
    private readonly List<HttpClient> clients = [];
    private ParleyHost? host;

    /// <summary>The API's address with a trailing slash: <c>http://127.0.0.1:port/api/</c>.</summary>
    public Uri Api { get; private set; } = null!;

    /// <summary>The host's admin key.</summary>
    public string AdminKey { get; private set; } = "";

    /// <summary>An API key of the fixture's tenant, with all scopes.</summary>
    public string ApiKey { get; private set; } = "";

    /// <summary>A client with that key.</summary>
    public HttpClient Client { get; private set; } = null!;

    /// <summary>The host's services; null when the host runs elsewhere.</summary>
    public IServiceProvider? Services => host?.Services;

    public async Task InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("PARLEY_BASE_URL") is { Length: > 0 } url)
        {
            Api = new Uri(url.TrimEnd('/') + "/");
            AdminKey = Required("PARLEY_ADMIN_KEY");
            ApiKey = Required("PARLEY_API_KEY");
        }
        else
        {
            AdminKey = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
            host = await ParleyHost.StartAsync(new Dictionary<string, string?>
            {
                ["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync(),
                ["Parley__AdminKey"] = AdminKey,
            });
            Api = new Uri(host.BaseAddress, host.RoutePrefix + "/");
            ApiKey = (await CreateTenantAsync("Tests")).ApiKey;
        }

        Client = NewClient(ApiKey);
    }

    /// <summary>Makes another tenant, with a key of its own.</summary>
    public async Task<TenantAccess> CreateTenantAsync(string name)
    {
        using var admin = new AdminClient(Api, AdminKey);
        return await admin.CreateTenantAsync(name, "Test key");
    }

    /// <summary>A client of the API with this token as its bearer; without one when null. The fixture disposes it.</summary>
    public HttpClient NewClient(string? token)
    {
        var client = new HttpClient { BaseAddress = Api };
        if (token is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        clients.Add(client);
        return client;
    }

    public async Task DisposeAsync()
    {
        foreach (var client in clients)
        {
            client.Dispose();
        }

        if (host is not null)
        {
            await host.DisposeAsync();
        }
    }

    private static string Required(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : throw new InvalidOperationException($"PARLEY_BASE_URL is set, so {name} must be too.");
}
