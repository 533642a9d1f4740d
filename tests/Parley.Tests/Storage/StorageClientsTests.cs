using Microsoft.Extensions.Configuration;
using Parley.Assistants.Completions;
using Parley.Conversations.FollowUps;
using Parley.Core;
using Parley.Exports;
using Parley.Files;
using Parley.Storage;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Storage;

public sealed class StorageClientsTests(AzuriteFixture storage) : IClassFixture<AzuriteFixture>
{
    [Theory]
    [InlineData("accountName", "parley", "https://parley.table.core.windows.net/", "https://parley.blob.core.windows.net/", "https://parley.queue.core.windows.net/")]
    [InlineData("tableServiceUri", "https://tables.example/", "https://tables.example/", null, null)]
    [InlineData("blobServiceUri", "https://blobs.example/", null, "https://blobs.example/", null)]
    [InlineData("queueServiceUri", "https://queues.example/", null, null, "https://queues.example/")]
    public void An_identity_uses_the_addresses_in_the_settings(string setting, string value, string? tables, string? blobs, string? queues)
    {
        var configuration = Configuration(($"AzureWebJobsStorage:{setting}", value));

        Assert.Equal(tables, UriOf(() => StorageClients.ConnectTables(configuration, StorageClients.TableOptions()).Uri));
        Assert.Equal(blobs, UriOf(() => StorageClients.ConnectBlobs(configuration).Uri));
        Assert.Equal(queues, UriOf(() => StorageClients.ConnectQueues(configuration).Uri));
    }

    [Fact]
    public void Only_a_connection_string_signs_by_itself()
    {
        Assert.True(StorageClients.ConnectBlobs(Configuration(("AzureWebJobsStorage", storage.ConnectionString))).CanGenerateAccountSasUri);
        Assert.False(StorageClients.ConnectBlobs(Configuration(("AzureWebJobsStorage:accountName", "parley"))).CanGenerateAccountSasUri);
    }

    [Fact]
    public async Task Starting_creates_the_tables_the_containers_and_the_queues_and_may_be_repeated()
    {
        var configuration = Configuration(("AzureWebJobsStorage", storage.ConnectionString));
        var blobs = StorageClients.ConnectBlobs(configuration);
        using var files = new FileStore(blobs, TimeProvider.System, new RandomSource());
        var queues = StorageClients.ConnectQueues(configuration);
        using var exports = new ExportFiles(blobs, TimeProvider.System);
        var tables = new ParleyTables(StorageClients.ConnectTables(configuration, StorageClients.TableOptions()));
        var creation = new StorageCreation(
        [
            tables,
            files,
            exports,
            new WorkQueue<FollowUpChunk>(queues, TimeProvider.System),
            new WorkQueue<ExportStep>(queues, TimeProvider.System),
            new WorkQueue<QueuedReply>(queues, TimeProvider.System),
        ]);

        await creation.StartAsync(CancellationToken.None);
        await creation.StartAsync(CancellationToken.None);

        Assert.True(await blobs.GetBlobContainerClient("files").ExistsAsync());
        Assert.True(await blobs.GetBlobContainerClient("exports").ExistsAsync());
        foreach (var queue in new[] { FollowUpChunk.Queue, ExportStep.FileQueue, ExportStep.WebhookQueue, QueuedReply.Queue })
        {
            Assert.True(await queues.GetQueueClient(queue).ExistsAsync());
        }
    }

    private static IConfiguration Configuration(params (string Key, string Value)[] settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value))
        .Build();

    /// <summary>Null without such a setting.</summary>
    private static string? UriOf(Func<Uri> connect)
    {
        try
        {
            return connect().AbsoluteUri;
        }
        catch (StartUpException)
        {
            return null;
        }
    }
}
