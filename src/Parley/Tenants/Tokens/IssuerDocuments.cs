using Microsoft.IdentityModel.Protocols;

namespace Parley.Tenants.Tokens;

/// <summary>
/// Fetches an issuer's documents by https, each with one request. It follows no redirection, so that they come from
/// where the operator and the issuer's configuration say.
/// </summary>
/// <param name="client">See <see cref="NewClient"/>.</param>
/// <param name="permitsHttp">True for http to addresses of this machine, for development.</param>
internal sealed class IssuerDocuments(HttpClient client, bool permitsHttp) : IDocumentRetriever
{
    private const int MaxBytes = 1 << 20;

    /// <summary>A client for all issuers, as long as the process lives.</summary>
    public static HttpClient NewClient() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        ActivityHeadersPropagator = null, // Issuers must not get Parley's trace ids.
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    })
    {
        MaxResponseContentBufferSize = MaxBytes,
    };

    /// <inheritdoc/>
    public async Task<string> GetDocumentAsync(string address, CancellationToken cancel)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var url)
            || (url.Scheme != Uri.UriSchemeHttps && !(permitsHttp && url.Scheme == Uri.UriSchemeHttp && url.IsLoopback)))
        {
            throw new IOException("The address is no https URL.");
        }

        using var response = await client.GetAsync(url, cancel);
        return await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync(cancel);
    }
}
