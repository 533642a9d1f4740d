namespace Parley.Testing.OpenApi;

/// <summary>
/// Validates every response of one API against the document of the dialect of the request's key. Responses from other
/// addresses, such as a file's link, are not validated.
/// </summary>
/// <param name="api">The API's address, with a trailing slash.</param>
public sealed class ContractHandler(Uri api) : DelegatingHandler
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
            await DocumentFor(request).ValidateAsync(request.Method, api, request.RequestUri!, response);
            await KeyDialects.NoteAsync(request, response);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    private OpenApiContract DocumentFor(HttpRequestMessage request)
    {
        // What needs no API key, and what is nowhere, has no dialect.
        var documented = DialectDocuments.Of(KeyDialects.Of(request));
        return documented.Has(OpenApiContract.PathIn(api, request.RequestUri!)) ? documented : OpenApiContract.Document;
    }
}
