using System.Net.Http.Headers;
using System.Text.Json;
using Parley.Tenants;

namespace Parley.DevHost.Commands;

/// <summary>A tenant and an API key of it with all scopes.</summary>
public sealed record TenantAccess(long Tenant, string ApiKey, string WebhookSecret);

/// <summary>Makes tenants through Parley's admin API, on any host.</summary>
public sealed class AdminClient : IDisposable
{
    private readonly HttpClient http;

    /// <summary>A client of the API at this address, which ends in a slash (<c>http://localhost:7071/api/</c>).</summary>
    public AdminClient(Uri api, string adminKey) =>
        http = new HttpClient { BaseAddress = api, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", adminKey) } };

    /// <summary>Makes a tenant and a key with all scopes.</summary>
    /// <exception cref="HttpRequestException">The API refused, with its answer in the message.</exception>
    public async Task<TenantAccess> CreateTenantAsync(string name, string keyLabel, CancellationToken cancellationToken = default)
    {
        var tenant = await PostAsync("v1/admin/tenants", new { name }, cancellationToken);
        var id = tenant.GetProperty("id").GetInt64();
        var key = await PostAsync($"v1/admin/tenants/{id}/keys", new { label = keyLabel, scopes = ScopeNames.All }, cancellationToken);
        return new TenantAccess(id, key.GetProperty("key").GetString()!, tenant.GetProperty("webhookSecret").GetString()!);
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private async Task<JsonElement> PostAsync(string path, object body, CancellationToken cancellationToken)
    {
        using var response = await http.PostAsJsonAsync(path, body, cancellationToken);
        return response.IsSuccessStatusCode
            ? await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken)
            : throw new HttpRequestException(
                $"POST {path} answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(cancellationToken)}", null, response.StatusCode);
    }
}
