using System.Net.Http.Headers;
using Parley.Testing.OpenApi;

namespace Parley.Testing;

/// <summary>Clients of an API whose every response is held to docs/openapi.yaml. They are disposed with this object.</summary>
public sealed class ApiClients : IDisposable
{
    private readonly List<HttpClient> clients = [];

    /// <summary>A client of the API at this address.</summary>
    /// <param name="token">Its bearer; null for none.</param>
    /// <param name="api">The address, with a trailing slash.</param>
    public HttpClient New(string? token, Uri api)
    {
        var client = new HttpClient(new ContractHandler(OpenApiContract.Document, api) { InnerHandler = new SocketsHttpHandler() }) { BaseAddress = api };
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
