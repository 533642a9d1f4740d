using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Microsoft.Extensions.Configuration;
using Parley.Exports;
using Parley.Files;
using Parley.Storage;

namespace Parley.Operations;

/// <summary>The storage account from the app's own settings.</summary>
internal sealed class Account(TableServiceClient tableService, BlobServiceClient blobs, QueueServiceClient queues)
{
    /// <summary>Containers whose blobs are listed in a back-up.</summary>
    public static readonly string[] Containers = [ExportFiles.ContainerName, FileStore.ContainerName];

    public TableServiceClient TableService { get; } = tableService;

    public BlobServiceClient Blobs { get; } = blobs;

    public QueueServiceClient Queues { get; } = queues;

    public ParleyTables Tables { get; } = new(tableService);

    public static Account Connect(IConfiguration configuration) => new(
        StorageClients.ConnectTables(configuration, TableOptions()),
        StorageClients.ConnectBlobs(configuration),
        StorageClients.ConnectQueues(configuration));

    /// <summary>
    /// Longer time-outs and more retries than in the app. No client waits for the result, and a response of 4 MiB can
    /// take longer than the app's two seconds on a slow connection.
    /// </summary>
    public static TableClientOptions TableOptions()
    {
        var options = new TableClientOptions();
        StorageClients.Retry(options, networkTimeout: TimeSpan.FromSeconds(60), maxRetries: 8);
        options.Retry.MaxDelay = TimeSpan.FromSeconds(20);
        return options;
    }
}
