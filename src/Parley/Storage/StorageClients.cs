using Azure.Core;
using Azure.Data.Tables;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Microsoft.Extensions.Configuration;
using Parley.Core;

namespace Parley.Storage;

/// <summary>
/// Connects to storage like the Functions host: with <c>AzureWebJobsStorage</c> and the settings below it.
/// </summary>
public static class StorageClients
{
    /// <summary>The setting that names the storage account.</summary>
    internal const string Setting = "AzureWebJobsStorage";

    /// <summary>
    /// Connects to tables by a connection string, or by the app's managed identity with
    /// <c>AzureWebJobsStorage__tableServiceUri</c> or <c>AzureWebJobsStorage__accountName</c>
    /// (<c>AzureWebJobsStorage__clientId</c> names a user-assigned identity).
    /// </summary>
    /// <exception cref="StartUpException">None of these settings is set, or one is malformed.</exception>
    public static TableServiceClient ConnectTables(IConfiguration configuration, TableClientOptions options) => Connect(
        configuration,
        "table",
        connectionString => new TableServiceClient(connectionString, options),
        (address, identity) => new TableServiceClient(address, identity, options));

    /// <summary>
    /// Connects to blobs like <see cref="ConnectTables"/>, with <c>AzureWebJobsStorage__blobServiceUri</c>.
    /// </summary>
    /// <exception cref="StartUpException">None of these settings is set, or one is malformed.</exception>
    public static BlobServiceClient ConnectBlobs(IConfiguration configuration) => Connect(
        configuration,
        "blob",
        connectionString => new BlobServiceClient(connectionString, BlobOptions()),
        (address, identity) => new BlobServiceClient(address, identity, BlobOptions()));

    /// <summary>
    /// Connects to queues like <see cref="ConnectTables"/>, with <c>AzureWebJobsStorage__queueServiceUri</c>.
    /// </summary>
    /// <exception cref="StartUpException">None of these settings is set, or one is malformed.</exception>
    public static QueueServiceClient ConnectQueues(IConfiguration configuration) => Connect(
        configuration,
        "queue",
        connectionString => new QueueServiceClient(connectionString, QueueOptions()),
        (address, identity) => new QueueServiceClient(address, identity, QueueOptions()));

    /// <summary>
    /// Azure.Core retries 503s, time-outs and broken connections up to three times. Each attempt is limited to two
    /// seconds, so that all four and the pauses between them fit into <see cref="WriteBudget.SendTimeout"/>.
    /// </summary>
    /// <param name="clock">Follows the answers; null for a client whose writes no reader follows by time.</param>
    public static TableClientOptions TableOptions(StorageClock? clock = null)
    {
        var options = new TableClientOptions();
        clock?.Follow(options);
        Retry(options, networkTimeout: TimeSpan.FromSeconds(2));
        options.AddPolicy(new SendCounter(), HttpPipelinePosition.PerRetry);
        options.AddPolicy(new StorageMeasure("table"), HttpPipelinePosition.PerRetry);
        options.AddPolicy(new RetryLimit(), HttpPipelinePosition.PerCall);
        return options;
    }

    /// <summary>
    /// The same retries as for tables. Each attempt is limited to thirty seconds, enough for a block of 4 MiB at 140 KB
    /// a second.
    /// </summary>
    public static BlobClientOptions BlobOptions()
    {
        var options = new BlobClientOptions();
        Retry(options, networkTimeout: TimeSpan.FromSeconds(30));
        options.AddPolicy(new StorageMeasure("blob"), HttpPipelinePosition.PerRetry);
        return options;
    }

    /// <summary>
    /// The same retries as for tables. Messages are Base64, as the host's listener expects (Queue storage trigger,
    /// "host.json settings").
    /// </summary>
    public static QueueClientOptions QueueOptions()
    {
        var options = new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 };
        Retry(options, networkTimeout: TimeSpan.FromSeconds(2));
        options.AddPolicy(new StorageMeasure("queue"), HttpPipelinePosition.PerRetry);
        return options;
    }

    /// <summary>
    /// Set here instead of using the clients' defaults, because deadlines depend on these values:
    /// <see cref="WriteBudget.SendTimeout"/>, and the age at which an index row without an entity is deleted.
    /// </summary>
    internal static void Retry(ClientOptions options, TimeSpan networkTimeout, int maxRetries = 3)
    {
        options.Retry.Mode = RetryMode.Exponential;
        options.Retry.MaxRetries = maxRetries;
        options.Retry.Delay = TimeSpan.FromMilliseconds(100);
        options.Retry.MaxDelay = TimeSpan.FromSeconds(1);
        options.Retry.NetworkTimeout = networkTimeout;
    }

    /// <param name="configuration">The app's settings.</param>
    /// <param name="service">table, blob or queue, as in settings and host names.</param>
    /// <param name="withKey">Creates a client from a connection string.</param>
    /// <param name="withIdentity">Creates a client from an address and the app's identity.</param>
    private static T Connect<T>(
        IConfiguration configuration,
        string service,
        Func<string, T> withKey,
        Func<Uri, TokenCredential, T> withIdentity)
    {
        var section = configuration.GetSection(Setting);
        try
        {
            if (section.Value is { Length: > 0 } connectionString)
            {
                return withKey(connectionString);
            }

            var address = section[$"{service}ServiceUri"]
                ?? (section["accountName"] is { } account ? $"https://{account}.{service}.core.windows.net" : null)
                ?? throw new StartUpException(
                    $"No storage: set {Setting} to a connection string, "
                    + $"or {Setting}__accountName for a managed identity.");
            var options = new DefaultAzureCredentialOptions { ManagedIdentityClientId = section["clientId"] };
            return withIdentity(new Uri(address), new DefaultAzureCredential(options));
        }
        catch (Exception e) when (e is FormatException or ArgumentException or InvalidOperationException)
        {
            // The cause is left out, because its message may contain the connection string and so the account key.
            throw new StartUpException(
                $"{Setting} is malformed: it must be a connection string of the {service} service, "
                + $"or {Setting}__{service}ServiceUri an absolute https URL.");
        }
    }
}
