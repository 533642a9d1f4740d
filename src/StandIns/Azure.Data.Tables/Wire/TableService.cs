using System.Net;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Azure.Data.Tables.Wire;

/// <summary>An account's endpoint and the pipeline to it, shared by the clients of its tables.</summary>
internal sealed class TableService
{
    public TableService(Uri endpoint, string accountName, HttpPipelinePolicy authentication, TableClientOptions options)
    {
        options ??= new TableClientOptions();
        Endpoint = endpoint;
        AccountName = accountName;
        Version = options.VersionString;
        // Signed per retry, because the signature covers the date.
        Pipeline = HttpPipelineBuilder.Build(new HttpPipelineOptions(options)
        {
            PerRetryPolicies = { authentication },
            ResponseClassifier = ResponseClassifier,
            RequestFailedDetailsParser = ErrorParser.Shared,
        });
    }

    private static ResponseClassifier ResponseClassifier { get; } = new();

    public Uri Endpoint { get; }

    public string AccountName { get; }

    public string Version { get; }

    public HttpPipeline Pipeline { get; }

    public static TableService FromConnectionString(string connectionString, TableClientOptions options)
    {
        var (endpoint, credential) = ConnectionString.Parse(connectionString);
        return new TableService(endpoint, credential.AccountName, new SharedKeyPolicy(credential), options);
    }

    /// <summary>The account's name: the host's first label, or the first path segment of an address without a name (Azurite's).</summary>
    public static string AccountOf(Uri endpoint) =>
        endpoint.IsLoopback || IPAddress.TryParse(endpoint.Host, out _)
            ? endpoint.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault()
            : endpoint.Host.Split('.')[0];

    public async ValueTask<Response> SendAsync(HttpMessage message, CancellationToken cancellationToken)
    {
        await Pipeline.SendAsync(message, cancellationToken);
        return message.Response;
    }
}
