using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Parley.Testing;
using Parley.Testing.OpenApi;
using Xunit;

namespace Parley.EndToEnd.Tests.Dialects;

/// <summary>
/// A client that was written for another API: plain HTTP, without the helpers of the other tests. Paths begin after
/// <c>/api/</c>. Every response is validated against the document of the key's dialect.
/// </summary>
internal sealed class VendorClient : IDisposable
{
    private readonly HttpClient http;

    /// <param name="api">The base URL of the API.</param>
    /// <param name="headers">The headers of each request.</param>
    public VendorClient(Uri api, params (string Name, string Value)[] headers)
    {
        http = new HttpClient(new ContractHandler(api) { InnerHandler = new SocketsHttpHandler() }) { BaseAddress = api };
        foreach (var (name, value) in headers)
        {
            Assert.True(http.DefaultRequestHeaders.TryAddWithoutValidation(name, value));
        }
    }

    private VendorClient(HttpClient http) => this.http = http;

    /// <summary>A client whose key no document knows. It sends X-Tenant, as Flextell's clients do.</summary>
    public static VendorClient Unknown(Uri api, string? authorization)
    {
        var stranger = new HttpClient { BaseAddress = api };
        stranger.DefaultRequestHeaders.Add("X-Tenant", "4711");
        if (authorization is not null)
        {
            Assert.True(stranger.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", authorization));
        }

        return new VendorClient(stranger);
    }

    /// <summary>Creates a tenant with a key of a dialect.</summary>
    public static async Task<(long Tenant, string Key)> NewKeyAsync(
        ParleyFixture parley, string dialect, string[]? scopes = null)
    {
        var tenant = await parley.CreateTenantAsync("Vendor's client");
        var created = await parley.NewClient(parley.AdminKey).CallAsync(
            HttpMethod.Post,
            $"v1/admin/tenants/{tenant.Tenant}/keys",
            new { label = "Support desk", scopes = scopes ?? Tenants.ScopeNames.All, dialect },
            HttpStatusCode.Created);
        Assert.Equal(dialect, ApiHelpers.Text(created["dialect"]));
        return (tenant.Tenant, ApiHelpers.Text(created["key"])!);
    }

    public Task<JsonNode> GetAsync(string path, int status = 200) => SendAsync(HttpMethod.Get, path, null, status);

    public Task<JsonNode> PostAsync(string path, object body, int status = 200) =>
        SendAsync(HttpMethod.Post, path, body, status);

    /// <summary>Sends a request whose response must have this status, and returns its JSON.</summary>
    public async Task<JsonNode> SendAsync(HttpMethod method, string path, object? body, int status = 200)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{method} {path}: {(int)response.StatusCode} {text}");
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        return JsonNode.Parse(text)!;
    }

    /// <summary>Sends a request without a body.</summary>
    public Task<HttpResponseMessage> SendRawAsync(HttpMethod method, string path) => http.SendAsync(new HttpRequestMessage(method, path));

    public async Task<byte[]> DownloadAsync(string path) => await http.GetByteArrayAsync(new Uri(path, UriKind.RelativeOrAbsolute));

    public void Dispose() => http.Dispose();

    /// <summary>Compares all members and values; their order has no meaning.</summary>
    public static void AssertEqual(JsonNode expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(expected, actual), $"Expected: {expected}\nActual: {actual}");
}
