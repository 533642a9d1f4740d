using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Parley.DevHost.Common;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.StorageServer;

/// <summary>The same behaviour of Azurite and of the storage server's queues, through the real client.</summary>
public abstract class QueueBehaviourTests
{
    private readonly string name = $"queue-{RandomId.New()}";

    protected abstract Task<string> ConnectionStringAsync();

    [Fact]
    public async Task A_queue_is_created_listed_described_and_deleted()
    {
        var service = new QueueServiceClient(await ConnectionStringAsync());
        var queue = service.GetQueueClient(name);
        Assert.False(await queue.ExistsAsync());
        Assert.NotNull(await queue.CreateIfNotExistsAsync(new Dictionary<string, string> { ["owner"] = "tests" }));
        Assert.Null(await queue.CreateIfNotExistsAsync(new Dictionary<string, string> { ["owner"] = "tests" }));
        Assert.True(await queue.ExistsAsync());
        await RefusedAsync(409, "QueueAlreadyExists", () => queue.CreateAsync(new Dictionary<string, string> { ["owner"] = "others" }));

        await queue.SetMetadataAsync(new Dictionary<string, string> { ["owner"] = "all" });
        await queue.SendMessageAsync("one");
        QueueProperties properties = await queue.GetPropertiesAsync();
        Assert.Equal(("all", 1), (properties.Metadata["owner"], properties.ApproximateMessagesCount));
        var listed = Assert.Single(await service.GetQueuesAsync(QueueTraits.Metadata, name).ToListAsync());
        Assert.Equal((name, "all"), (listed.Name, listed.Metadata["owner"]));

        Assert.True(await queue.DeleteIfExistsAsync());
        Assert.False(await queue.DeleteIfExistsAsync());
        await RefusedAsync(404, "QueueNotFound", () => queue.SendMessageAsync("two"));
        await RefusedAsync(404, "QueueNotFound", () => queue.ReceiveMessagesAsync());
    }

    [Fact]
    public async Task Queues_are_listed_in_pages()
    {
        var service = new QueueServiceClient(await ConnectionStringAsync());
        string[] names = [.. Enumerable.Range(0, 5).Select(number => $"{name}-{number}")];
        foreach (var each in names)
        {
            await service.CreateQueueAsync(each);
        }

        var pages = await service.GetQueuesAsync(QueueTraits.None, name).AsPages(pageSizeHint: 2).ToListAsync();
        Assert.Equal([2, 2, 1], pages.Select(page => page.Values.Count));
        Assert.Equal(names, pages.SelectMany(page => page.Values).Select(each => each.Name));
    }

    [Fact]
    public async Task A_message_is_received_hidden_and_deleted()
    {
        var queue = await CreateAsync();
        SendReceipt sent = await queue.SendMessageAsync("<text> & \"more\" é");
        PeekedMessage peeked = await queue.PeekMessageAsync();
        Assert.Equal((sent.MessageId, "<text> & \"more\" é", 0L), (peeked.MessageId, peeked.MessageText, peeked.DequeueCount));

        QueueMessage received = await queue.ReceiveMessageAsync(TimeSpan.FromMinutes(1));
        Assert.Equal((sent.MessageId, "<text> & \"more\" é", 1L), (received.MessageId, received.MessageText, received.DequeueCount));
        Assert.NotEqual(sent.PopReceipt, received.PopReceipt);
        Assert.True(received.NextVisibleOn > received.InsertedOn);
        Assert.Null((await queue.ReceiveMessageAsync()).Value);
        Assert.Null((await queue.PeekMessageAsync()).Value);
        Assert.Equal(1, (await queue.GetPropertiesAsync()).Value.ApproximateMessagesCount);

        await RefusedAsync(400, "PopReceiptMismatch", () => queue.DeleteMessageAsync(received.MessageId, sent.PopReceipt));
        await queue.DeleteMessageAsync(received.MessageId, received.PopReceipt);
        await RefusedAsync(404, "MessageNotFound", () => queue.DeleteMessageAsync(received.MessageId, received.PopReceipt));
        Assert.Equal(0, (await queue.GetPropertiesAsync()).Value.ApproximateMessagesCount);
    }

    [Fact]
    public async Task A_message_that_is_updated_has_a_new_receipt_and_is_visible_again()
    {
        var queue = await CreateAsync();
        await queue.SendMessageAsync("first");
        QueueMessage received = await queue.ReceiveMessageAsync();
        UpdateReceipt updated = await queue.UpdateMessageAsync(received.MessageId, received.PopReceipt, "second", TimeSpan.Zero);
        Assert.NotEqual(received.PopReceipt, updated.PopReceipt);
        await RefusedAsync(400, "PopReceiptMismatch", () => queue.UpdateMessageAsync(received.MessageId, received.PopReceipt));

        QueueMessage again = await queue.ReceiveMessageAsync();
        Assert.Equal(("second", 2L), (again.MessageText, again.DequeueCount));

        // Without a text the message keeps its own.
        await queue.UpdateMessageAsync(again.MessageId, again.PopReceipt, visibilityTimeout: TimeSpan.Zero);
        Assert.Equal("second", (await queue.ReceiveMessageAsync()).Value.MessageText);
    }

    [Fact]
    public async Task Messages_are_received_in_batches_and_cleared()
    {
        var queue = await CreateAsync();
        for (var number = 0; number < 40; number++)
        {
            await queue.SendMessageAsync($"{number}");
        }

        await queue.SendMessageAsync("later", visibilityTimeout: TimeSpan.FromMinutes(1));
        Assert.Equal(32, (await queue.PeekMessagesAsync(32)).Value.Length);
        var received = (await queue.ReceiveMessagesAsync(32)).Value;
        Assert.Equal(32, received.DistinctBy(message => message.MessageId).Count());
        Assert.Equal(8, (await queue.ReceiveMessagesAsync(32)).Value.Length);
        Assert.Empty((await queue.ReceiveMessagesAsync(32)).Value);
        Assert.Equal(41, (await queue.GetPropertiesAsync()).Value.ApproximateMessagesCount);

        await queue.ClearMessagesAsync();
        Assert.Equal(0, (await queue.GetPropertiesAsync()).Value.ApproximateMessagesCount);
        await RefusedAsync(404, "MessageNotFound", () => queue.DeleteMessageAsync(received[0].MessageId, received[0].PopReceipt));
    }

    [Fact]
    public async Task Numbers_outside_their_range_and_texts_too_long_are_refused()
    {
        var queue = await CreateAsync();
        await RefusedAsync(400, "OutOfRangeQueryParameterValue", () => queue.ReceiveMessagesAsync(33));
        await RefusedAsync(400, "OutOfRangeQueryParameterValue", () => queue.ReceiveMessagesAsync(1, TimeSpan.FromDays(8)));
        await RefusedAsync(400, "OutOfRangeQueryParameterValue", () => queue.SendMessageAsync("text", visibilityTimeout: TimeSpan.FromDays(8)));
        await queue.SendMessageAsync(new string('x', 64 * 1024));
        await RefusedAsync(413, "RequestBodyTooLarge", () => queue.SendMessageAsync(new string('x', (64 * 1024) + 1)));
    }

    private protected async Task<QueueClient> CreateAsync()
    {
        var queue = new QueueClient(await ConnectionStringAsync(), name);
        await queue.CreateAsync();
        return queue;
    }

    private static async Task RefusedAsync(int status, string code, Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<RequestFailedException>(call);
        Assert.Equal((status, code), (refused.Status, refused.ErrorCode));
    }
}

public sealed class AzuriteQueueTests : QueueBehaviourTests
{
    protected override Task<string> ConnectionStringAsync() => AzuriteFixture.GetConnectionStringAsync();
}

public sealed class StorageServerQueueTests : QueueBehaviourTests, IAsyncLifetime
{
    private Testing.StorageServer server = null!;

    public async Task InitializeAsync() => server = await Testing.StorageServer.StartAsync(StorageServerOptions.Fast, seed: 1, _ => { });

    public Task DisposeAsync() => server.DisposeAsync().AsTask();

    protected override Task<string> ConnectionStringAsync() => Task.FromResult(server.ConnectionString);
}
