namespace Parley.Testing.OpenApi;

/// <summary>
/// Validates every response of one API against its document. Responses from other addresses, such as a file's link, are
/// not validated.
/// </summary>
/// <param name="contract">The document.</param>
/// <param name="api">The API's address, with a trailing slash.</param>
public sealed class ContractHandler(OpenApiContract contract, Uri api) : DelegatingHandler
{
    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        if (!api.IsBaseOf(request.RequestUri!))
        {
            return response;
        }

        try
        {
            await response.Content.LoadIntoBufferAsync(cancellationToken);
            await contract.ValidateAsync(request.Method, api, request.RequestUri!, response);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }
}
