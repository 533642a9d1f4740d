using System.Text;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Microsoft.Extensions.Logging.Abstractions;
using Parley.Cleanup;
using Parley.Core;
using Parley.Files;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Cleanup;

public sealed class CleanupJobTests(AzuriteFixture storage) : IClassFixture<AzuriteFixture>, IAsyncLifetime
{
    private static readonly ConversationKey Conversation = new(Appends.Tenant, 1);

    private readonly VirtualTime time = new(new DateTimeOffset(2026, 3, 1, 12, 30, 0, TimeSpan.Zero));
    private readonly Dictionary<string, Fault> faults = new(StringComparer.Ordinal);
    private StrictTables tables = null!;
    private ParleyProcess process = null!;
    private BlobContainerClient blobs = null!;
    private FileStore files = null!;
    private CleanupJob cleanup = null!;

    public async Task InitializeAsync()
    {
        (tables, _) = await Appends.NewConversationAsync(time);
        process = new ParleyProcess(tables.Connect("test", new TableHooks { Fault = call => faults.GetValueOrDefault(call.RowKeys.Count == 1 ? call.RowKeys[0] : "") }), time, seed: 1);
        var service = new BlobServiceClient(storage.ConnectionString);
        files = NewStore(service);
        await files.CreateIfNotExistsAsync(CancellationToken.None);
        blobs = service.GetBlobContainerClient("files");
        cleanup = new CleanupJob(process.Tables, process.Schedule, files, time, NullLogger<CleanupJob>.Instance);
    }

    public Task DisposeAsync()
    {
        files.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Idempotency_keys_are_deleted_after_a_day_and_younger_ones_stay()
    {
        await Appends.AppendAsync(process, Conversation, "first", "first");
        await process.Creation.CreateAsync(Appends.Tenant, new(null, null, null, null, null, null, null), IdempotencyKey.Create("creation", []), CancellationToken.None);
        time.Advance(TimeSpan.FromHours(10));
        await Appends.AppendAsync(process, Conversation, "second", "second");

        // The first hour's keys are a day old at the earliest at 13:00 of the next day.
        await AdvanceToAsync(new DateTimeOffset(2026, 3, 2, 13, 10, 0, TimeSpan.Zero));
        Assert.Equal((2, 1, 3), await CountAsync());
        await AdvanceToAsync(new DateTimeOffset(2026, 3, 2, 13, 16, 0, TimeSpan.Zero));
        Assert.Equal((1, 0, 1), await CountAsync());
        var again = await Appends.AppendAsync(process, Conversation, "second", "second");
        Assert.True(again.Replayed);

        // The retried append also wrote a schedule row for its own hour, which the cleanup removes a day later.
        await AdvanceToAsync(new DateTimeOffset(2026, 3, 2, 23, 16, 0, TimeSpan.Zero));
        Assert.Equal((0, 0, 1), await CountAsync());
        await AdvanceToAsync(new DateTimeOffset(2026, 3, 3, 14, 16, 0, TimeSpan.Zero));
        Assert.Equal((0, 0, 0), await CountAsync());
        Assert.False((await Appends.AppendAsync(process, Conversation, "first", "first")).Replayed);
    }

    [Fact]
    public async Task More_keys_than_fit_in_a_transaction_are_all_deleted()
    {
        for (var i = 0; i < 230; i++)
        {
            await Appends.AppendAsync(process, Conversation, $"{i}", $"{i}");
        }

        await AdvanceToAsync(time.GetUtcNow().AddHours(26));

        Assert.Equal((0, 0, 0), await CountAsync());
    }

    [Fact]
    public async Task A_blob_without_a_message_is_deleted_and_a_held_one_stays()
    {
        var (orphan, held) = (await StoreAsync(), await StoreAsync());
        await process.Tables.Conversations.AddEntityAsync(FileRows.Holder(Conversation, held));

        await AdvanceToAsync(time.GetUtcNow().AddMinutes(70));
        Assert.True(await ExistsAsync(orphan));
        await AdvanceToAsync(time.GetUtcNow().AddMinutes(10));

        Assert.False(await ExistsAsync(orphan));
        Assert.True(await ExistsAsync(held));
        Assert.Equal((0, 0, 0), await CountAsync());
    }

    [Fact]
    public async Task A_failed_deletion_is_retried_later_and_does_not_stop_the_others()
    {
        var (failing, fine) = (await StoreAsync(), await StoreAsync());
        faults[FileRowKeys.File(failing)] = Fault.Busy;
        await AdvanceToAsync(time.GetUtcNow().AddMinutes(80));
        Assert.True(await ExistsAsync(failing));
        Assert.False(await ExistsAsync(fine));

        faults.Clear();
        await cleanup.RunAsync(CancellationToken.None);

        Assert.False(await ExistsAsync(failing));
        Assert.Equal((0, 0, 0), await CountAsync());
    }

    [Fact]
    public async Task An_upload_is_deleted_after_a_day_and_its_copy_without_a_message_after_an_hour()
    {
        var uploads = new Uploads(files, process.Schedule, time, new RandomSource(7));
        var id = uploads.NewId(Appends.Tenant);
        using var content = new MemoryStream(Encoding.UTF8.GetBytes("text"));
        Assert.NotNull(await uploads.AddAsync(id, content, "a.txt", CancellationToken.None));
        using var other = new MemoryStream(Encoding.UTF8.GetBytes("other"));
        Assert.Null(await uploads.AddAsync(id, other, "b.txt", CancellationToken.None));
        var upload = (await uploads.FindAsync(Appends.Tenant, $"{id}", CancellationToken.None))!;
        Assert.Equal(("a.txt", 4L), (upload.File.Name, upload.File.Size));
        Assert.Null(await uploads.FindAsync(new TenantId(2), $"{id}", CancellationToken.None));
        var copy = (await uploads.CopyAsync(upload, Conversation, CancellationToken.None))!;
        Assert.True(await ExistsAsync(copy.Id));

        await AdvanceToAsync(time.GetUtcNow().AddMinutes(80));
        Assert.False(await ExistsAsync(copy.Id));
        Assert.NotNull(await uploads.FindAsync(Appends.Tenant, $"{id}", CancellationToken.None));

        await AdvanceToAsync(time.GetUtcNow().AddHours(23));
        Assert.Null(await uploads.FindAsync(Appends.Tenant, $"{id}", CancellationToken.None));
        Assert.Equal((0, 0, 0), await CountAsync());
        Assert.Null(await uploads.CopyAsync(upload, Conversation, CancellationToken.None));
    }

    private FileStore NewStore(BlobServiceClient service) => new(service, time, new RandomSource());

    private async Task AdvanceToAsync(DateTimeOffset then)
    {
        time.Advance(then - time.GetUtcNow());
        await cleanup.RunAsync(CancellationToken.None);
    }

    private async Task<Guid> StoreAsync()
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes("text"));
        var uploaded = await files.UploadAsync(Conversation, content, "a.txt", CancellationToken.None);
        await FileRows.WriteScheduleAsync(process.Schedule, Conversation, uploaded.File.Id, revision: 0, time.GetUtcNow() + FileRows.CheckAfter, CancellationToken.None);
        await files.CommitAsync(Conversation, uploaded, CancellationToken.None);
        return uploaded.File.Id;
    }

    private async Task<bool> ExistsAsync(Guid file) => await blobs.GetBlobClient(FileStore.BlobName(Conversation, file)).ExistsAsync();

    /// <summary>The numbers of the conversation's keys, the tenant's keys, and all schedule rows.</summary>
    private async Task<(int Conversations, int Tenants, int Due)> CountAsync()
    {
        return (await KeysAsync(process.Tables.Conversations), await KeysAsync(process.Tables.Tenants), (await process.Tables.ScheduledRowsAsync()).Count);

        static async Task<int> KeysAsync(TableClient table) =>
            await table.QueryAsync<TableEntity>().CountAsync(row => row.RowKey.StartsWith("k|", StringComparison.Ordinal));
    }
}
