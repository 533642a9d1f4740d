using System.Net.Http.Headers;
using Parley.Testing.OpenApi;

namespace Parley.Testing;

/// <summary>
/// HTTP clients of an API; each response is validated against the OpenAPI document of the key's dialect. Disposing this
/// object disposes the clients.
/// </summary>
public sealed class ApiClients : IDisposable
{
    private readonly List<HttpClient> clients = [];

    /// <summary>A client of the API at <paramref name="api"/>.</summary>
    /// <param name="token">The bearer token; null sends none.</param>
    /// <param name="api">The address, with a trailing slash.</param>
    public HttpClient New(string? token, Uri api)
    {
        var client = new HttpClient(new ContractHandler(api) { InnerHandler = new SocketsHttpHandler() }) { BaseAddress = api };
        if (token is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        lock (clients)
        {
            clients.Add(client);
        }

        return client;
    }

    public void Dispose() => clients.ForEach(client => client.Dispose());
}
