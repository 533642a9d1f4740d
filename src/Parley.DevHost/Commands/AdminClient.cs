using System.Net.Http.Headers;
using System.Text.Json;
using Parley.Tenants;

namespace Parley.DevHost.Commands;

/// <summary>A tenant, its webhook secret and one of its API keys, which has all scopes.</summary>
public sealed record TenantAccess(long Tenant, string ApiKey, string WebhookSecret);

/// <summary>Creates tenants through Parley's admin API, on any host.</summary>
public sealed class AdminClient : IDisposable
{
    private readonly HttpClient http;

    /// <param name="api">The API's address, which must end in a slash (<c>http://localhost:7071/api/</c>).</param>
    /// <param name="adminKey">The admin key, sent as a bearer token.</param>
    public AdminClient(Uri api, string adminKey) =>
        http = new HttpClient
        {
            BaseAddress = api,
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", adminKey) },
        };

    /// <summary>Creates a tenant and a key with all scopes.</summary>
    /// <exception cref="HttpRequestException">The API returned an error; the message contains the response.</exception>
    public async Task<TenantAccess> CreateTenantAsync(
        string name,
        string keyLabel,
        CancellationToken cancellationToken = default)
    {
        var tenant = await PostAsync("v1/admin/tenants", new { name }, cancellationToken);
        var id = tenant.GetProperty("id").GetInt64();
        return new TenantAccess(
            id,
            await CreateKeyAsync(id, keyLabel, Dialect.Parley, cancellationToken),
            tenant.GetProperty("webhookSecret").GetString()!);
    }

    /// <summary>Creates a key with all scopes and returns its text.</summary>
    /// <exception cref="HttpRequestException">The API returned an error; the message contains the response.</exception>
    public async Task<string> CreateKeyAsync(
        long tenant, string label, Dialect dialect, CancellationToken cancellationToken = default)
    {
        var key = await PostAsync(
            $"v1/admin/tenants/{tenant}/keys",
            new { label, scopes = ScopeNames.All, dialect = dialect.Name() },
            cancellationToken);
        return key.GetProperty("key").GetString()!;
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private async Task<JsonElement> PostAsync(string path, object body, CancellationToken cancellationToken)
    {
        using var response = await http.PostAsJsonAsync(path, body, cancellationToken);
        return response.IsSuccessStatusCode
            ? await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken)
            : throw new HttpRequestException(
                $"POST {path} answered {(int)response.StatusCode}: "
                + await response.Content.ReadAsStringAsync(cancellationToken),
                null,
                response.StatusCode);
    }
}
