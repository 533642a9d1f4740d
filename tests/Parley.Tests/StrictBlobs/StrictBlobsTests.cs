using System.Text;
using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Parley.Core;
using Parley.Files;
using Parley.Storage;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.OnStrictBlobs;

/// <summary>Behaviour of StrictBlobs that Azurite does not have: access without a call, faults, and time.</summary>
public sealed class StrictBlobsTests
{
    private const string Block = "MQ==";

    private static readonly ConversationKey Conversation = new(new TenantId(7), 42);

    private readonly VirtualTime time = new();
    private readonly StrictTables tables;
    private readonly StrictBlobs blobs;

    public StrictBlobsTests() => (tables, blobs) = (new StrictTables(time), new StrictBlobs(time));

    [Fact]
    public async Task A_test_sees_the_files_that_Parley_stores_with_bytes_and_headers()
    {
        using var files = new FileStore(blobs.ServiceClient(tables.Connect()), time, new RandomSource(1));
        await files.CreateIfNotExistsAsync(CancellationToken.None);
        var bytes = Encoding.ASCII.GetBytes("%PDF-" + new string('x', FileStore.BlockBytes));
        var uploaded = await files.UploadAsync(Conversation, new MemoryStream(bytes), "a.pdf", CancellationToken.None);
        Assert.Empty(blobs.Names("files"));

        await files.CommitAsync(Conversation, uploaded, CancellationToken.None);
        var name = Assert.Single(blobs.Names("files", "00000007/0000000042/"));
        var stored = blobs.Find("files", name)!;
        Assert.Equal(bytes, stored.Content());
        Assert.Equal((2, bytes.Length, time.GetUtcNow(), time.GetUtcNow()), (stored.Blocks.Count, stored.Length, stored.CreatedAt, stored.ModifiedAt));
        Assert.Equal(
            new BlobHeaders { ContentType = "application/pdf", ContentDisposition = "inline; filename=\"a.pdf\"; filename*=UTF-8''a.pdf", CacheControl = "private, max-age=3600" },
            stored.Headers);

        await files.DeleteAsync(Conversation, uploaded.File.Id, CancellationToken.None);
        Assert.Null(blobs.Find("files", name));
        Assert.Empty(blobs.Names("missing"));
    }

    [Fact]
    public async Task Uncommitted_blocks_are_discarded_after_a_week()
    {
        var blob = await NewBlobAsync(tables.Connect());
        await StageAsync(blob);
        time.Advance(TimeSpan.FromDays(7) - TimeSpan.FromSeconds(1));
        await blob.CommitBlockListAsync([Block]);

        await StageAsync(blob);
        time.Advance(TimeSpan.FromDays(7));
        await blob.CommitBlockListAsync([Block]);
        Assert.Equal(2, (await blob.GetPropertiesAsync()).Value.ContentLength);
        await blob.DeleteAsync();

        await StageAsync(blob);
        time.Advance(TimeSpan.FromDays(7));
        Assert.Equal("InvalidBlockList", (await Assert.ThrowsAsync<RequestFailedException>(() => blob.CommitBlockListAsync([Block]))).ErrorCode);
    }

    [Fact]
    public async Task A_range_behind_the_end_is_refused()
    {
        // Azurite responds with an empty body instead; "Get Blob", remarks.
        var blob = await NewBlobAsync(tables.Connect());
        await StageAsync(blob);
        await blob.CommitBlockListAsync([Block]);
        var failure = await Assert.ThrowsAsync<RequestFailedException>(() => blob.DownloadContentAsync(new BlobDownloadOptions { Range = new HttpRange(2, 1) }));
        Assert.Equal((416, "InvalidRange"), (failure.Status, failure.ErrorCode));
    }

    [Fact]
    public async Task A_copy_has_the_bytes_the_headers_and_the_metadata_of_its_source()
    {
        var blob = await NewBlobAsync(tables.Connect());
        var copy = blob.GetParentBlobContainerClient().GetBlockBlobClient("copy");
        await Assert.ThrowsAsync<RequestFailedException>(() => copy.SyncCopyFromUriAsync(blob.Uri));
        await StageAsync(blob);
        var options = new CommitBlockListOptions { HttpHeaders = new BlobHttpHeaders { ContentType = "text/plain" }, Metadata = new Dictionary<string, string> { ["name"] = "a" } };
        var committed = await blob.CommitBlockListAsync([Block], options);

        await copy.SyncCopyFromUriAsync(blob.Uri);
        var changed = await blob.SetMetadataAsync(new Dictionary<string, string> { ["name"] = "b" });

        var (first, second) = ((await blob.GetPropertiesAsync()).Value, (await copy.GetPropertiesAsync()).Value);
        Assert.Equal(("b", "a"), (first.Metadata["name"], second.Metadata["name"]));
        Assert.Equal(("text/plain", first.ContentLength), (second.ContentType, second.ContentLength));
        Assert.Equal((await blob.DownloadContentAsync()).Value.Content.ToArray(), (await copy.DownloadContentAsync()).Value.Content.ToArray());
        Assert.NotEqual(committed.Value.ETag, changed.Value.ETag);
    }

    [Fact]
    public async Task Unsupported_requests_throw()
    {
        var blob = await NewBlobAsync(tables.Connect());
        using var content = new MemoryStream([1]);
        await Assert.ThrowsAsync<NotSupportedException>(() => blob.UploadAsync(content));
        await Assert.ThrowsAsync<NotSupportedException>(() => blob.SetTagsAsync(new Dictionary<string, string>(StringComparer.Ordinal)));
        await Assert.ThrowsAsync<NotSupportedException>(() => blob.CommitBlockListAsync([], new CommitBlockListOptions { AccessTier = AccessTier.Cool }));
        await Assert.ThrowsAsync<NotSupportedException>(() => blob.DeleteAsync(DeleteSnapshotsOption.OnlySnapshots));
        await Assert.ThrowsAsync<NotSupportedException>(async () => await blob.GetParentBlobContainerClient().GetBlobsByHierarchyAsync(BlobTraits.None, BlobStates.None, "/", "", CancellationToken.None).ToListAsync());
    }

    [Fact]
    public async Task Calls_are_numbered_with_those_to_the_tables_and_seen_by_hooks()
    {
        var seen = new List<string>();
        var process = tables.Connect("a", new TableHooks { After = (call, status) => seen.Add($"{call} {(call.IsWrite ? "writes" : "reads")}: {status}") });
        await process.ServiceClient().GetTableClient("Table").CreateIfNotExistsAsync();
        var blob = await NewBlobAsync(process);
        await StageAsync(blob);
        await blob.CommitBlockListAsync([Block]);
        await blob.DownloadContentAsync();
        await blob.GetPropertiesAsync();
        await blob.GetParentBlobContainerClient().GetBlobsAsync(BlobTraits.None, BlobStates.None, "x/", CancellationToken.None).ToListAsync();
        await blob.DeleteAsync();
        await blob.DeleteIfExistsAsync();
        Assert.Equal(
            [
                "a#1 CreateTable Table  [] writes: 204",
                "a#2 blobs CreateContainer things writes: 201",
                "a#3 blobs PutBlock things/x/y writes: 201",
                "a#4 blobs PutBlockList things/x/y writes: 201",
                "a#5 blobs GetBlob things/x/y reads: 200",
                "a#6 blobs GetBlobProperties things/x/y reads: 200",
                "a#7 blobs ListBlobs things/x/* reads: 200",
                "a#8 blobs DeleteBlob things/x/y writes: 202",
                "a#9 blobs DeleteBlob things/x/y writes: 404",
            ],
            seen);
        Assert.Equal(9, process.Calls);
    }

    public static TheoryData<Fault, bool> Failures => new()
    {
        { Fault.Busy, false },
        { Fault.BusyAfter, true },
        { Fault.TimeOut, false },
        { Fault.TimeOutAfter, true },
        { Fault.Lost, false },
        { Fault.LostAfter, true },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_failure_looks_like_the_real_one(Fault fault, bool stored)
    {
        await StageAsync(await NewBlobAsync(tables.Connect("setup")));
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => BlobOf(Failing(fault)).CommitBlockListAsync([Block]));

        Assert.True(StorageErrors.IsOutcomeUnknown(failure, CancellationToken.None), failure.ToString());
        Assert.True(fault.Kind switch
        {
            FaultKind.Busy => failure is RequestFailedException { Status: 503, ErrorCode: "ServerBusy" },
            FaultKind.TimeOut => failure is TaskCanceledException,
            _ => failure is RequestFailedException { Status: 0, InnerException: IOException },
        });
        Assert.Equal(stored, blobs.Find("things", "x/y") is not null);
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task The_clients_retries_follow_at_once(Fault fault, bool stored)
    {
        await StageAsync(await NewBlobAsync(tables.Connect("setup")));
        var process = Failing(fault);
        var committing = BlobOf(process, retries: 3).CommitBlockListAsync([Block]);

        Assert.True(committing.IsCompleted, "A retry waited.");
        await committing;
        Assert.Equal((2, 2, stored ? "0x8D000000000002" : "0x8D000000000001"), (process.Calls, blobs.Find("things", "x/y")!.Length, blobs.Find("things", "x/y")!.ETag));
    }

    [Theory]
    [InlineData(FaultSide.Before, false)]
    [InlineData(FaultSide.After, true)]
    public async Task A_crash_at_a_blob_call_ends_the_process_for_the_tables_too(FaultSide side, bool stored)
    {
        await StageAsync(await NewBlobAsync(tables.Connect("setup")));
        var process = Failing(new Fault(FaultKind.Crash, side));
        await Assert.ThrowsAsync<CrashException>(() => BlobOf(process, retries: 3).CommitBlockListAsync([Block]));
        await Assert.ThrowsAsync<CrashException>(() => process.ServiceClient().GetTableClient("Table").CreateIfNotExistsAsync());
        Assert.Equal((true, 1, stored), (process.IsDead, process.Calls, blobs.Find("things", "x/y") is not null));

        var killed = tables.Connect();
        killed.Kill();
        await Assert.ThrowsAsync<CrashException>(() => BlobOf(killed).GetPropertiesAsync());
    }

    [Fact]
    public async Task A_late_block_has_the_sent_bytes_even_if_the_buffer_changes()
    {
        var setup = await NewBlobAsync(tables.Connect("setup"));
        Action? late = null;
        var process = tables.Connect("late", new TableHooks { Fault = _ => Fault.TimeOutLate, Late = (_, request) => late = request });
        var buffer = "ab"u8.ToArray();
        using var content = new MemoryStream(buffer);
        await Assert.ThrowsAsync<TaskCanceledException>(() => BlobOf(process).StageBlockAsync(Block, content));
        buffer.AsSpan().Clear();
        late!();

        await setup.CommitBlockListAsync([Block]);
        Assert.Equal("ab"u8.ToArray(), blobs.Find("things", "x/y")!.Content());
    }

    private static async Task StageAsync(BlockBlobClient blob)
    {
        using var content = new MemoryStream([1, 2]);
        await blob.StageBlockAsync(Block, content);
    }

    private TableConnection Failing(Fault firstCall) => tables.Connect("test", new TableHooks { Fault = TableHooks.At(1, firstCall) });

    private BlockBlobClient BlobOf(TableConnection process, int retries = 0) =>
        blobs.ServiceClient(process, retries).GetBlobContainerClient("things").GetBlockBlobClient("x/y");

    private async Task<BlockBlobClient> NewBlobAsync(TableConnection process)
    {
        var blob = BlobOf(process);
        await blob.GetParentBlobContainerClient().CreateAsync();
        return blob;
    }
}
