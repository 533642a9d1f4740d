using System.Text;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Parley.Core;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.OnStrictBlobs;

/// <summary>The behaviour that the real client sees of a Blob service. StrictBlobs must behave like Azurite.</summary>
public abstract class BlobBehaviourTests(BlobServiceClient service) : IAsyncLifetime
{
    private readonly BlobContainerClient container = service.GetBlobContainerClient($"c{new RandomSource().NextBits(60):x}");

    public Task InitializeAsync() => container.CreateIfNotExistsAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_committed_blob_is_read_with_its_headers()
    {
        var blob = Blob("00000001/0000000002/a b%ü.pdf");
        var headers = new BlobHttpHeaders
        {
            ContentType = "application/pdf",
            ContentDisposition = "inline; filename=\"a.pdf\"",
            CacheControl = "private",
            ContentEncoding = "gzip",
            ContentLanguage = "de",
        };
        var ids = await StageAsync(blob, "one ", "two ", "three");
        var committed = (await blob.CommitBlockListAsync(ids, new CommitBlockListOptions { HttpHeaders = headers })).Value;

        var content = (await blob.DownloadContentAsync()).Value;
        Assert.Equal("one two three", content.Content.ToString());
        Assert.Equal(
            ("application/pdf", "inline; filename=\"a.pdf\"", "private", "gzip", "de", 13, committed.ETag),
            (content.Details.ContentType, content.Details.ContentDisposition, content.Details.CacheControl, content.Details.ContentEncoding, content.Details.ContentLanguage, content.Details.ContentLength, content.Details.ETag));
        var properties = (await blob.GetPropertiesAsync()).Value;
        Assert.Equal(
            ("application/pdf", "inline; filename=\"a.pdf\"", "private", "gzip", "de", 13, committed.ETag, BlobType.Block),
            (properties.ContentType, properties.ContentDisposition, properties.CacheControl, properties.ContentEncoding, properties.ContentLanguage, properties.ContentLength, properties.ETag, properties.BlobType));
        Assert.Equal(committed.LastModified, properties.LastModified);
        Assert.Equal(committed.LastModified, properties.CreatedOn);
    }

    [Fact]
    public async Task An_uncommitted_blob_does_not_exist()
    {
        var blob = Blob("a");
        await StageAsync(blob, "one");

        await AssertRefusedAsync(404, "BlobNotFound", blob.DownloadContentAsync());
        await AssertRefusedAsync(404, "BlobNotFound", blob.GetPropertiesAsync());
        await AssertRefusedAsync(404, "BlobNotFound", Blob("never").DeleteAsync());
        Assert.False(await blob.ExistsAsync());
        Assert.False(await Blob("never").DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots));
        Assert.Empty(await NamesAsync(null));
    }

    [Fact]
    public async Task A_committed_blob_has_exactly_the_listed_blocks()
    {
        var blob = Blob("a");
        var ids = await StageAsync(blob, "one ", "two ", "three");
        await blob.CommitBlockListAsync([ids[2], ids[0], ids[2]]);
        Assert.Equal("threeone three", await TextAsync(blob));

        // The block that the commit left out is discarded. The committed blocks can be committed again, as after a lost
        // response.
        await AssertRefusedAsync(400, "InvalidBlockList", blob.CommitBlockListAsync(ids));
        await blob.CommitBlockListAsync([ids[2], ids[0]]);
        Assert.Equal("threeone ", await TextAsync(blob));
        Assert.Equal("application/octet-stream", (await blob.GetPropertiesAsync()).Value.ContentType);
    }

    [Fact]
    public async Task A_commit_with_a_missing_block_changes_nothing()
    {
        var blob = await StoreAsync("a", "old");
        var etag = (await blob.GetPropertiesAsync()).Value.ETag;
        var ids = await StageAsync(blob, "new");

        await AssertRefusedAsync(400, "InvalidBlockList", blob.CommitBlockListAsync([.. ids, Id(7)]));
        Assert.Equal("old", await TextAsync(blob));
        Assert.Equal(etag, (await blob.GetPropertiesAsync()).Value.ETag);
        await blob.CommitBlockListAsync(ids);
        Assert.Equal("new", await TextAsync(blob));
        Assert.NotEqual(etag, (await blob.GetPropertiesAsync()).Value.ETag);
    }

    [Fact]
    public async Task A_commit_clears_headers_that_it_does_not_name()
    {
        var blob = Blob("a");
        var ids = await StageAsync(blob, "one");
        await blob.CommitBlockListAsync(ids, new CommitBlockListOptions { HttpHeaders = new BlobHttpHeaders { ContentType = "text/plain", CacheControl = "private" } });
        await blob.CommitBlockListAsync(ids);

        var properties = (await blob.GetPropertiesAsync()).Value;
        Assert.Equal("application/octet-stream", properties.ContentType);
        Assert.True(string.IsNullOrEmpty(properties.CacheControl));
    }

    [Fact]
    public async Task A_commit_sets_metadata_or_clears_it()
    {
        var blob = Blob("a");
        var ids = await StageAsync(blob, "one");
        await blob.CommitBlockListAsync(ids, new CommitBlockListOptions { Metadata = new Dictionary<string, string> { ["writer"] = "a+/=" } });
        Assert.Equal("a+/=", (await blob.GetPropertiesAsync()).Value.Metadata["writer"]);

        await blob.CommitBlockListAsync(ids);
        Assert.Empty((await blob.GetPropertiesAsync()).Value.Metadata);
    }

    [Fact]
    public async Task A_commit_gives_a_new_etag_and_staging_does_not()
    {
        var blob = Blob("a");
        var ids = await StageAsync(blob, "one");
        var first = (await blob.CommitBlockListAsync(ids)).Value.ETag;
        var more = await StageAsync(blob, "two");
        Assert.Equal(first, (await blob.GetPropertiesAsync()).Value.ETag);

        var second = (await blob.CommitBlockListAsync(ids, new CommitBlockListOptions { Conditions = new BlobRequestConditions { IfMatch = first } })).Value.ETag;
        Assert.NotEqual(first, second);
        await AssertRefusedAsync(412, "ConditionNotMet", blob.CommitBlockListAsync(ids, new CommitBlockListOptions { Conditions = new BlobRequestConditions { IfMatch = first } }));
        await AssertRefusedAsync(409, "BlobAlreadyExists", blob.CommitBlockListAsync(ids, new CommitBlockListOptions { Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All } }));
        Assert.Equal(more, ids);
    }

    [Fact]
    public async Task Blocks_have_ids_of_one_length_and_bytes()
    {
        var blob = Blob("a");
        await StageAsync(blob, "one");
        using var content = new MemoryStream([1]);
        await AssertRefusedAsync(400, "InvalidBlobOrBlock", blob.StageBlockAsync(Convert.ToBase64String("longer id"u8), content));
    }

    [Fact]
    public async Task An_empty_list_makes_an_empty_blob()
    {
        var blob = Blob("a");
        await blob.CommitBlockListAsync([]);

        Assert.Equal("", await TextAsync(blob));
        using var target = new MemoryStream();
        await blob.DownloadToAsync(target);
        Assert.Equal(0, target.Length);
    }

    [Fact]
    public async Task A_deleted_blob_does_not_exist()
    {
        var blob = await StoreAsync("a", "one");
        Assert.True(await blob.DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots));
        Assert.False(await blob.DeleteIfExistsAsync());
        await AssertRefusedAsync(404, "BlobNotFound", blob.DeleteAsync());
        await AssertRefusedAsync(404, "BlobNotFound", blob.DownloadContentAsync());
    }

    [Fact]
    public async Task A_list_has_the_committed_blobs_with_a_prefix_in_the_order_of_their_names()
    {
        foreach (var name in (string[])["b/2", "a/2", "a/10", "a/1", "a", "B/1", "a/ü&<x>"])
        {
            await StoreAsync(name, name);
        }

        await StageAsync(Blob("a/3"), "uncommitted");
        Assert.Equal(["a/1", "a/10", "a/2", "a/ü&<x>"], await NamesAsync("a/"));
        Assert.Equal(["B/1", "a", "a/1", "a/10", "a/2", "a/ü&<x>", "b/2"], await NamesAsync(null));
        Assert.Empty(await NamesAsync("c"));

        var pages = await container.GetBlobsAsync(BlobTraits.None, BlobStates.None, "a/", CancellationToken.None).AsPages(pageSizeHint: 3).ToListAsync();
        Assert.Equal([3, 1], pages.Select(page => page.Values.Count));
        Assert.Equal(["a/1", "a/10", "a/2", "a/ü&<x>"], pages.SelectMany(page => page.Values).Select(blob => blob.Name));

        var item = pages[0].Values[1];
        var properties = (await Blob("a/10").GetPropertiesAsync()).Value;
        Assert.Equal(
            (4, "application/octet-stream", $"{properties.ETag}".Trim('"'), properties.LastModified, properties.CreatedOn, BlobType.Block),
            (item.Properties.ContentLength!.Value, item.Properties.ContentType, $"{item.Properties.ETag}", item.Properties.LastModified!.Value, item.Properties.CreatedOn!.Value, item.Properties.BlobType!.Value));
    }

    [Fact]
    public async Task A_range_is_read_and_a_stream_in_parts()
    {
        var blob = await StoreAsync("a", "0123", "4567", "89");
        Assert.Equal("345", (await blob.DownloadContentAsync(new BlobDownloadOptions { Range = new HttpRange(3, 3) })).Value.Content.ToString());
        Assert.Equal("89", (await blob.DownloadContentAsync(new BlobDownloadOptions { Range = new HttpRange(8) })).Value.Content.ToString());

        await using var stream = await blob.OpenReadAsync(new BlobOpenReadOptions(allowModifications: false) { BufferSize = 3 });
        using var reader = new StreamReader(stream);
        Assert.Equal("0123456789", await reader.ReadToEndAsync());
    }

    [Fact]
    public async Task Conditions_are_kept()
    {
        var blob = await StoreAsync("a", "one");
        var etag = (await blob.GetPropertiesAsync()).Value.ETag;
        var (same, none, other) = (
            new BlobRequestConditions { IfMatch = etag },
            new BlobRequestConditions { IfNoneMatch = ETag.All },
            new BlobRequestConditions { IfMatch = new ETag("0x8D0") });
        Assert.Equal("one", (await blob.DownloadContentAsync(new BlobDownloadOptions { Conditions = same })).Value.Content.ToString());
        await AssertRefusedAsync(412, "ConditionNotMet", blob.DownloadContentAsync(new BlobDownloadOptions { Conditions = other }));
        await AssertRefusedAsync(412, "ConditionNotMet", blob.CommitBlockListAsync([], new CommitBlockListOptions { Conditions = other }));
        await AssertRefusedAsync(412, "ConditionNotMet", blob.DeleteAsync(conditions: other));
        await AssertRefusedAsync(409, "BlobAlreadyExists", blob.CommitBlockListAsync([], new CommitBlockListOptions { Conditions = none }));
        Assert.Equal("one", await TextAsync(blob));
        await Blob("b").CommitBlockListAsync([], new CommitBlockListOptions { Conditions = none });
        await blob.DeleteAsync(conditions: same);
    }

    [Fact]
    public async Task A_container_is_created_once_and_required()
    {
        Assert.Null(await container.CreateIfNotExistsAsync());
        await AssertRefusedAsync(409, "ContainerAlreadyExists", container.CreateAsync());

        var missing = service.GetBlobContainerClient("missing").GetBlockBlobClient("a");
        await AssertRefusedAsync(404, "ContainerNotFound", StageAsync(missing, "one"));
        await AssertRefusedAsync(404, "ContainerNotFound", missing.CommitBlockListAsync([]));
        await AssertRefusedAsync(404, "ContainerNotFound", missing.DownloadContentAsync());
    }

    private static string Id(int number) => Convert.ToBase64String([(byte)number]);

    private static async Task<List<string>> StageAsync(BlockBlobClient blob, params string[] blocks)
    {
        var ids = new List<string>();
        foreach (var block in blocks)
        {
            using var content = new MemoryStream(Encoding.UTF8.GetBytes(block));
            ids.Add(Id(ids.Count));
            await blob.StageBlockAsync(ids[^1], content);
        }

        return ids;
    }

    private static async Task<string> TextAsync(BlockBlobClient blob) => (await blob.DownloadContentAsync()).Value.Content.ToString();

    private static async Task AssertRefusedAsync(int status, string code, Task refused)
    {
        var failure = await Assert.ThrowsAsync<RequestFailedException>(() => refused);
        Assert.Equal((status, code), (failure.Status, failure.ErrorCode));
    }

    private BlockBlobClient Blob(string name) => container.GetBlockBlobClient(name);

    private async Task<BlockBlobClient> StoreAsync(string name, params string[] blocks)
    {
        var blob = Blob(name);
        await blob.CommitBlockListAsync(await StageAsync(blob, blocks));
        return blob;
    }

    private Task<List<string>> NamesAsync(string? prefix) => container.GetBlobsAsync(BlobTraits.None, BlobStates.None, prefix, CancellationToken.None).Select(blob => blob.Name).ToListAsync().AsTask();
}

/// <summary>Runs on Azurite.</summary>
public sealed class AzuriteBlobTests(AzuriteFixture storage) : BlobBehaviourTests(new BlobServiceClient(storage.ConnectionString)), IClassFixture<AzuriteFixture>;

/// <summary>Runs on StrictBlobs.</summary>
public sealed class StrictBlobTests() : BlobBehaviourTests(NewService())
{
    private static BlobServiceClient NewService()
    {
        var time = new VirtualTime();
        return new StrictBlobs(time).ServiceClient(new StrictTables(time).Connect());
    }
}
