using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables.Wire;

namespace Azure.Data.Tables;

/// <summary>An account's tables. Its table clients share its pipeline, so one of these per process is enough.</summary>
public class TableServiceClient
{
    private readonly TableService _service;

    /// <summary>For mocking.</summary>
    protected TableServiceClient()
    {
    }

    /// <summary>Uses a connection string; see <see cref="TableServiceClient(string, TableClientOptions)"/>.</summary>
    public TableServiceClient(string connectionString) : this(connectionString, null)
    {
    }

    /// <summary>
    /// Uses a connection string: an account with its key and either TableEndpoint or EndpointSuffix, or UseDevelopmentStorage=true.
    /// <see cref="ArgumentException"/> or <see cref="InvalidOperationException"/> when it is something else.
    /// </summary>
    public TableServiceClient(string connectionString, TableClientOptions options = null) =>
        _service = TableService.FromConnectionString(connectionString, options);

    /// <summary>Uses tokens of an identity, which the endpoint must be https for.</summary>
    public TableServiceClient(Uri endpoint, TokenCredential tokenCredential, TableClientOptions options = null)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(tokenCredential);
        var authentication = new BearerTokenAuthenticationPolicy(tokenCredential, "https://storage.azure.com/.default");
        _service = new TableService(endpoint, TableService.AccountOf(endpoint), authentication, options);
    }

    /// <summary>Uses the account's key.</summary>
    public TableServiceClient(Uri endpoint, TableSharedKeyCredential credential, TableClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(credential);
        _service = new TableService(endpoint, TableService.AccountOf(endpoint), new SharedKeyPolicy(credential), options);
    }

    /// <summary>The account's name.</summary>
    public virtual string AccountName => _service.AccountName;

    /// <summary>The account's table endpoint.</summary>
    public virtual Uri Uri => _service.Endpoint;

    /// <summary>A client of one table, whether that exists or not. Cheap: no request is made.</summary>
    public virtual TableClient GetTableClient(string tableName) => new(_service, tableName);
}
