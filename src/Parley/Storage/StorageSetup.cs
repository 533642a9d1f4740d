using Azure.Core;
using Azure.Data.Tables;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Parley.Assistants.Completions;
using Parley.Conversations.FollowUps;
using Parley.Core;
using Parley.Exports;
using Parley.Files;

namespace Parley.Storage;

/// <summary>Connects to storage as the Functions host itself does, and creates the tables, the containers and the queues when the app starts.</summary>
public sealed class StorageSetup(ParleyTables tables, FileStore files, ExportFiles exports, FollowUpQueue followUps, ExportQueues exportQueues, ReplyQueue replies) : IHostedService
{
    private const string Setting = "AzureWebJobsStorage";

    /// <summary>The Functions host gives a worker a minute to start; the reason must be in its log before that.</summary>
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);

    /// <summary>
    /// A client from <c>AzureWebJobsStorage</c>: a connection string, or for identity-based connections
    /// <c>AzureWebJobsStorage__tableServiceUri</c> or <c>AzureWebJobsStorage__accountName</c> with a managed identity
    /// (<c>AzureWebJobsStorage__clientId</c> names a user-assigned one).
    /// </summary>
    /// <exception cref="StartUpException">None of them is set, or it is malformed.</exception>
    public static TableServiceClient Connect(IConfiguration configuration, TableClientOptions options) => Make(
        configuration,
        "table",
        connectionString => new TableServiceClient(connectionString, options),
        (address, identity) => new TableServiceClient(address, identity, options));

    /// <summary>
    /// A client for blobs, from the same settings as <see cref="Connect"/>, but for
    /// <c>AzureWebJobsStorage__blobServiceUri</c>.
    /// </summary>
    /// <exception cref="StartUpException">None of them is set, or it is malformed.</exception>
    public static BlobServiceClient ConnectBlobs(IConfiguration configuration) => Make(
        configuration,
        "blob",
        connectionString => new BlobServiceClient(connectionString, BlobOptions()),
        (address, identity) => new BlobServiceClient(address, identity, BlobOptions()));

    /// <summary>A client for queues, from the same settings as <see cref="Connect"/>, but for <c>AzureWebJobsStorage__queueServiceUri</c>.</summary>
    /// <exception cref="StartUpException">None of them is set, or it is malformed.</exception>
    public static QueueServiceClient ConnectQueues(IConfiguration configuration) => Make(
        configuration,
        "queue",
        connectionString => new QueueServiceClient(connectionString, QueueOptions()),
        (address, identity) => new QueueServiceClient(address, identity, QueueOptions()));

    /// <summary>
    /// Retries of Azure.Core: 503s, time-outs and broken connections up to three times. Every try ends after two seconds, so that
    /// all four of them, with the pauses between, fit into <see cref="WriteBudget.SendTimeout"/>.
    /// </summary>
    public static TableClientOptions ClientOptions()
    {
        var options = new TableClientOptions();
        Retry(options, networkTimeout: TimeSpan.FromSeconds(2));
        return options;
    }

    /// <summary>The same retries. A try has thirty seconds, in which a block of <see cref="FileStore.BlockBytes"/> gets through at 140 KB a second.</summary>
    public static BlobClientOptions BlobOptions()
    {
        var options = new BlobClientOptions();
        Retry(options, networkTimeout: TimeSpan.FromSeconds(30));
        return options;
    }

    /// <summary>The same retries as for tables. Messages are Base64, as the host's listener expects them ("host.json v2 settings", Queue storage trigger).</summary>
    public static QueueClientOptions QueueOptions()
    {
        var options = new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 };
        Retry(options, networkTimeout: TimeSpan.FromSeconds(2));
        return options;
    }

    /// <inheritdoc/>
    /// <exception cref="StartUpException">Storage does not answer, or refuses the app.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(StartLimit);
        try
        {
            await Task.WhenAll(
                tables.CreateIfNotExistsAsync(deadline.Token),
                files.CreateIfNotExistsAsync(deadline.Token),
                exports.CreateIfNotExistsAsync(deadline.Token),
                followUps.CreateIfNotExistsAsync(deadline.Token),
                exportQueues.CreateIfNotExistsAsync(deadline.Token),
                replies.CreateIfNotExistsAsync(deadline.Token));
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, cancellationToken) || e is AuthenticationFailedException)
        {
            var cause = deadline.IsCancellationRequested ? $"no answer within {StartLimit.TotalSeconds} s" : StorageErrors.FirstLine(e).TrimEnd('.');
            throw new StartUpException(
                $"Storage cannot be used: {cause}. Check that it runs, that {Setting} names it, and that the app's identity has its roles.", e);
        }
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// Set here, and not left to the clients' defaults, because deadlines are built on it: <see cref="WriteBudget.SendTimeout"/>, and
    /// the age at which an index row without its entity is dropped.
    /// </summary>
    internal static void Retry(ClientOptions options, TimeSpan networkTimeout, int maxRetries = 3)
    {
        options.Retry.Mode = RetryMode.Exponential;
        options.Retry.MaxRetries = maxRetries;
        options.Retry.Delay = TimeSpan.FromMilliseconds(100);
        options.Retry.MaxDelay = TimeSpan.FromSeconds(1);
        options.Retry.NetworkTimeout = networkTimeout;
    }

    /// <summary>Creates a client from the connection string or, without one, from the service URL and the app's identity.</summary>
    /// <param name="configuration">Has the section AzureWebJobsStorage.</param>
    /// <param name="service">table, blob or queue, as settings and host names spell it.</param>
    /// <param name="withKey">Makes a client from a connection string.</param>
    /// <param name="withIdentity">Makes a client from an address and the app's identity.</param>
    private static T Make<T>(IConfiguration configuration, string service, Func<string, T> withKey, Func<Uri, TokenCredential, T> withIdentity)
    {
        var section = configuration.GetSection(Setting);
        try
        {
            if (section.Value is { Length: > 0 } connectionString)
            {
                return withKey(connectionString);
            }

            var address = section[$"{service}ServiceUri"] ?? (section["accountName"] is { } account ? $"https://{account}.{service}.core.windows.net" : null);
            return address is null
                ? throw new StartUpException($"No storage: set {Setting} to a connection string, or {Setting}__accountName for a managed identity.")
                : withIdentity(new Uri(address), new DefaultAzureCredential(new DefaultAzureCredentialOptions { ManagedIdentityClientId = section["clientId"] }));
        }
        catch (Exception e) when (e is FormatException or ArgumentException or InvalidOperationException)
        {
            // Without the cause's message: it may contain the connection string, and so the key.
            throw new StartUpException($"{Setting} is malformed: it must be a connection string of the {service} service, or {Setting}__{service}ServiceUri an absolute https URL.");
        }
    }
}
