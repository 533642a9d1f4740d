using System.Text;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Queues;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.StandIns;

/// <summary>The real Blobs and Queues packages run in both sets; in the standin set that shows that System.IO.Hashing's stand-in is enough for them.</summary>
public sealed class StorageRoundTripTests(AzuriteFixture storage) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task A_blob_is_uploaded_and_read_back()
    {
        var blob = (await NewContainerAsync("upload")).GetBlobClient("a/b.txt");
        await blob.UploadAsync(BinaryData.FromString("hello"));
        var download = await blob.DownloadContentAsync();
        Assert.Equal("hello", download.Value.Content.ToString());
    }

    [Fact]
    public async Task A_blob_is_written_in_blocks_through_a_stream()
    {
        var blob = (await NewContainerAsync("stream")).GetBlobClient("rows.csv");
        var rows = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 40_000).Select(i => $"{i},row\n")));
        await using (var stream = await blob.OpenWriteAsync(overwrite: true, new BlobOpenWriteOptions { BufferSize = 64 * 1024 }))
        {
            await stream.WriteAsync(rows);
        }

        var download = await blob.DownloadContentAsync();
        Assert.Equal(rows, download.Value.Content.ToArray());
    }

    [Fact]
    public async Task A_queue_message_is_sent_received_and_deleted()
    {
        var queue = new QueueClient(storage.ConnectionString, "round-trip", new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 });
        await queue.CreateIfNotExistsAsync();
        await queue.SendMessageAsync("""{"pointer":1}""");
        var message = (await queue.ReceiveMessageAsync(TimeSpan.FromSeconds(30))).Value;
        Assert.Equal("""{"pointer":1}""", message.Body.ToString());
        await queue.DeleteMessageAsync(message.MessageId, message.PopReceipt);
        Assert.Equal(0, (await queue.GetPropertiesAsync()).Value.ApproximateMessagesCount);
    }

    private async Task<BlobContainerClient> NewContainerAsync(string name)
    {
        var container = new BlobContainerClient(storage.ConnectionString, $"round-trip-{name}");
        await container.CreateIfNotExistsAsync();
        return container;
    }
}
