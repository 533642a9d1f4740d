using System.Diagnostics;
using Azure;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using Azure.Storage.Queues;
using Parley.Testing;
using Parley.Testing.Storage;
using Xunit;

namespace Parley.Tests.StorageServer;

/// <summary>The storage server's own properties, and each service once through the real client.</summary>
public sealed class StorageServerTests : IAsyncLifetime
{
    private readonly StandingTime time = new();
    private Testing.StorageServer server = null!;
    private TableClient table = null!;

    public async Task InitializeAsync()
    {
        server = await Testing.StorageServer.StartAsync(StorageServerOptions.Fast, seed: 1, _ => { }, time);
        table = new TableServiceClient(server.ConnectionString, new TableClientOptions { Retry = { MaxRetries = 0 } }).GetTableClient("Rows");
        await table.CreateAsync();
    }

    public Task DisposeAsync() => server.DisposeAsync().AsTask();

    [Fact]
    public async Task Rows_are_written_read_listed_in_pages_and_deleted()
    {
        await table.SubmitTransactionAsync(Enumerable.Range(0, 100).Select(i => new TableTransactionAction(TableTransactionActionType.Add, new TableEntity("p", $"{i:D3}") { ["Text"] = "é" })));
        TableEntity read = await table.GetEntityAsync<TableEntity>("p", "007");
        Assert.Equal("é", read.GetString("Text"));
        Assert.Equal(100, await table.QueryAsync<TableEntity>("PartitionKey eq 'p'", maxPerPage: 30).CountAsync());
        Assert.False((await table.GetEntityIfExistsAsync<TableEntity>("p", "none")).HasValue);
        var conflict = await Assert.ThrowsAsync<TableTransactionFailedException>(() => table.SubmitTransactionAsync([new(TableTransactionActionType.Add, read)]));
        Assert.Equal("EntityAlreadyExists", conflict.ErrorCode);
        await table.DeleteEntityAsync(read, read.ETag);
        Assert.Equal(99, await table.QueryAsync<TableEntity>().CountAsync());
    }

    [Fact]
    public async Task Blobs_are_staged_committed_read_listed_and_deleted()
    {
        var container = new BlobServiceClient(server.ConnectionString).GetBlobContainerClient("files");
        await container.CreateAsync();
        var blob = container.GetBlockBlobClient("a/b c.txt");
        await blob.StageBlockAsync("MQ==", new MemoryStream("Hello, "u8.ToArray()));
        await blob.StageBlockAsync("Mg==", new MemoryStream("world"u8.ToArray()));
        await blob.CommitBlockListAsync(["MQ==", "Mg=="]);
        var content = await blob.DownloadContentAsync();
        Assert.Equal("Hello, world", content.Value.Content.ToString());
        var range = await blob.DownloadStreamingAsync(new() { Range = new HttpRange(7, 3) });
        Assert.Equal("wor", await new StreamReader(range.Value.Content).ReadToEndAsync());
        Assert.Equal("a/b c.txt", Assert.Single(await container.GetBlobsAsync().ToListAsync()).Name);
        Assert.True(await blob.DeleteIfExistsAsync());
        Assert.False(await blob.ExistsAsync());
    }

    [Fact]
    public async Task A_partition_takes_two_thousand_entities_at_once_and_another_is_not_concerned()
    {
        server.Options = StorageServerOptions.Fast with { IsLimited = true };
        for (var batch = 0; batch < 20; batch++)
        {
            Assert.True(await SubmitAsync("p", batch, 100));
        }

        Assert.False(await SubmitAsync("p", 20, 1));
        Assert.True(await SubmitAsync("q", 0, 100));
        Assert.Equal(1, server.Requests.Refused);

        time.Seconds += 0.05;
        Assert.True(await SubmitAsync("p", 20, 100));
        Assert.False(await SubmitAsync("p", 21, 1));
    }

    [Fact]
    public async Task A_queue_takes_two_thousand_messages_at_once()
    {
        var queue = new QueueClient(server.ConnectionString, "queue", new QueueClientOptions { Retry = { MaxRetries = 0 } });
        await queue.CreateAsync();
        server.Options = StorageServerOptions.Fast with { IsLimited = true };
        for (var messages = 0; messages < 2_000; messages += 20)
        {
            await queue.PeekMessagesAsync(20);
        }

        var busy = await Assert.ThrowsAsync<RequestFailedException>(() => queue.SendMessageAsync("one more"));
        Assert.Equal((503, "ServerBusy"), (busy.Status, busy.ErrorCode));
    }

    [Fact]
    public async Task A_request_that_is_not_understood_is_an_error()
    {
        var blobs = new BlobServiceClient(server.ConnectionString, new BlobClientOptions { Retry = { MaxRetries = 0 } });
        var refused = await Assert.ThrowsAsync<RequestFailedException>(() => blobs.GetStatisticsAsync());
        Assert.Equal(501, refused.Status);
    }

    [Fact]
    public async Task A_response_comes_after_its_latency_and_a_thousand_wait_at_once()
    {
        server.Options = new StorageServerOptions { P50 = TimeSpan.FromMilliseconds(100), P99 = TimeSpan.FromMilliseconds(100), IsLimited = false };
        var begun = Stopwatch.GetTimestamp();
        await table.GetEntityIfExistsAsync<TableEntity>("p", "r");
        Assert.True(Stopwatch.GetElapsedTime(begun) >= TimeSpan.FromMilliseconds(98));

        // One after the other, they would take a hundred seconds.
        using var http = new HttpClient();
        var responses = await Task.WhenAll(Enumerable.Range(0, 1_000).Select(_ => http.GetAsync(new Uri($"{table.Uri}()?$format=application/json;odata=minimalmetadata"))));
        Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(50));
        Assert.Equal(1_000, responses.Length);
    }

    [Fact]
    public void Delays_have_the_set_quantiles_and_come_from_the_seed()
    {
        double[] first = [.. Draw(seed: 5).Take(100_000)];
        Assert.Equal(Draw(seed: 5).Take(100), first.Take(100));
        Assert.NotEqual(Draw(seed: 6).Take(100), first.Take(100));
        Array.Sort(first);
        Assert.InRange(first[50_000], 9.9, 10.1);
        Assert.InRange(first[99_000], 39, 41);

        static IEnumerable<double> Draw(int seed)
        {
            var latency = new Latency(seed);
            while (true)
            {
                yield return latency.Draw(StorageServerOptions.Cloud);
            }
        }
    }

    [Fact]
    public async Task A_table_is_filled_by_its_own_address()
    {
        using var http = new HttpClient();
        var lines = string.Join('\n', Enumerable.Range(0, 2_500).Select(i => $$"""{"PartitionKey":"p","RowKey":"{{i:D4}}","N@odata.type":"Edm.Int64","N":"{{i}}"}"""));
        using var response = await http.PostAsync(new Uri(table.Uri, "/fill/Rows"), new StringContent(lines));
        Assert.True(response.IsSuccessStatusCode);
        Assert.Equal(2_500, await table.QueryAsync<TableEntity>().CountAsync());
        Assert.Equal(42, (await table.GetEntityAsync<TableEntity>("p", "0042")).Value.GetInt64("N"));
    }

    [Fact]
    public void An_account_takes_twenty_thousand_requests_at_once()
    {
        var limits = new RateLimits(time);
        for (var i = 0; i < RateLimits.Account; i++)
        {
            Assert.True(limits.TryTake(("Rows", $"{i}"), 1, RateLimits.Partition));
        }

        Assert.False(limits.TryTake(null, 1, 0));
        time.Seconds += 1;
        Assert.True(limits.TryTake(null, 1, 0));
    }

    private async Task<bool> SubmitAsync(string partition, int batch, int count)
    {
        try
        {
            await table.SubmitTransactionAsync(Enumerable.Range(0, count).Select(i => new TableTransactionAction(TableTransactionActionType.Add, new TableEntity(partition, $"{batch} {i}"))));
            return true;
        }
        catch (RequestFailedException e) when (e is { Status: 503, ErrorCode: "ServerBusy" })
        {
            return false;
        }
    }

    /// <summary>A time that stands still between its settings.</summary>
    private sealed class StandingTime : TimeProvider
    {
        public double Seconds { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => (long)(Seconds * TimestampFrequency);
    }
}
