using Azure.Data.Tables;
using Azure.Storage.Blobs.Specialized;
using Microsoft.Extensions.Logging.Abstractions;
using Parley.Cleanup;
using Parley.Core;
using Parley.Storage;
using Parley.Tenants;
using Parley.Tenants.Audit;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Cleanup;

/// <summary>A storage account with two tenants, of which the first is deleted.</summary>
internal sealed class ErasureGround(StrictTables tables, VirtualTime time)
{
    public static readonly TenantId Deleted = new(1);
    public static readonly TenantId Kept = new(2);

    public static readonly AuditOrigin Origin = new(AuditActor.Administrator, null, "request");

    private readonly StrictBlobs blobs = new(time);

    /// <summary>Its calls are not scheduled by a simulation.</summary>
    public ErasureProcess Quiet => Process(tables.Connect("quiet"), 9);

    public VirtualTime Time => time;

    public StrictTables Tables => tables;

    /// <summary>Creates two tenants with a key, some rows in every table, and blobs.</summary>
    public static async Task<ErasureGround> BuildAsync(VirtualTime time, StrictTables tables)
    {
        var ground = new ErasureGround(tables, time);
        var quiet = ground.Quiet;
        await quiet.Parley.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        await quiet.Parley.Files.CreateIfNotExistsAsync(CancellationToken.None);
        await quiet.Parley.ExportFiles.CreateIfNotExistsAsync(CancellationToken.None);
        foreach (var _ in (TenantId[])[Deleted, Kept])
        {
            var tenant = (await quiet.Parley.Administration.CreateTenantAsync("Acme", Origin, CancellationToken.None)).Tenant;
            await quiet.Parley.KeyWriter.CreateAsync(tenant, "key", Scopes.MessagesRead, Dialect.Parley, null, Origin, CancellationToken.None);
            await FillAsync(quiet, tenant);
        }

        return ground;
    }

    /// <summary>Adds rows and blobs of a tenant to every store, with names that were not used before.</summary>
    public static async Task FillAsync(ErasureProcess process, TenantId tenant, int first = 1, int count = 2)
    {
        var all = process.Parley.Tables;
        for (var i = first; i < first + count; i++)
        {
            var conversation = $"{tenant.PartitionKey}|{i:D10}";
            await all.Conversations.AddEntityAsync(new TableEntity(conversation, "head"));
            await all.Conversations.AddEntityAsync(new TableEntity(conversation, "m|0000000001"));
            await all.Tenants.AddEntityAsync(new TableEntity(tenant.PartitionKey, $"c|{i:D10}"));
            await all.Tenants.AddEntityAsync(new TableEntity($"{tenant.PartitionKey}|b{i}", "r|1"));
            await all.Keys.AddEntityAsync(new TableEntity("aa", $"aa{tenant}{i}") { ["Tenant"] = tenant.Number });
            foreach (var kind in (string[])["f|", "e|", "t|", "k|", "b|"])
            {
                var row = $"{kind}{tenant.PartitionKey}|{i}";
                await all.Schedule.AddEntityAsync(new TableEntity($"{kind}{tenant.Number % 16:x}|20260301123{i % 10}", row));
                await all.Due.AddEntityAsync(new TableEntity($"20260301123{i % 10}", row));
            }

            foreach (var container in (string[])["files", "exports"])
            {
                var blob = process.Blobs.GetBlobContainerClient(container).GetBlockBlobClient($"{tenant.PartitionKey}/{i:D10}/1");
                await blob.CommitBlockListAsync([]);
            }
        }
    }

    /// <summary>The counts of <see cref="FillAsync"/>, for this many entries.</summary>
    public static ErasedCounts Filled(int count) => new(2 * count, 2 * count, count, 5 * count, 5 * count, count, count);

    /// <summary>
    /// The counts after <see cref="BuildAsync"/>: besides, a key with its rows in the list and in the change log, the
    /// counter, and the audit entries of tenant and key.
    /// </summary>
    public static ErasedCounts Built(int added = 0) => Filled(2 + added) with { Tenants = 9 + 2 * added, Keys = 3 + added };

    public ErasureProcess Process(TableConnection connection, int seed, int pageRows = 1000, int maxPages = 300) =>
        new(new ParleyProcess(connection, time, seed, exports: new(blobs.ServiceClient(connection), new NoQueues(), new NoQueues())), blobs.ServiceClient(connection), pageRows, maxPages);

    public static Task<TenantErasure> BeginAsync(ErasureProcess process) => process.Erasures.BeginAsync(
        Deleted, process.Audit.Begin(AuditLog.Administration, Origin, AuditAction.TenantDeleted, AuditEntry.OfTenant(Deleted)), CancellationToken.None);

    /// <summary>Runs the job every quarter of an hour until the deletion is complete.</summary>
    public static async Task RunAsync(ErasureProcess process, Func<TimeSpan, Task> wait)
    {
        for (var run = 0; (await process.Erasures.FindAsync(Deleted, CancellationToken.None))!.FinishedAt is null; run++)
        {
            Assert.True(run < 1000, "The deletion does not end.");
            await wait(TimeSpan.FromMinutes(15));
            await process.Job.RunAsync(CancellationToken.None);
        }
    }

    /// <summary>Asserts that only the tombstone, the receipt and the audit entry name the deleted tenant.</summary>
    public async Task VerifyAsync(ErasedCounts expected)
    {
        var parley = Quiet.Parley;
        Assert.Empty(await OwnedAsync(Deleted));
        Assert.Equal(Filled(2), (await Quiet.Erasures.CountAsync(Kept, CancellationToken.None)).Counts with { Tenants = 4, Keys = 2 });
        var profile = (await parley.Tables.Tenants.FindAsync(Deleted.PartitionKey, "profile", CancellationToken.None))!;
        Assert.Equal(["CreatedAt", "Name", "State", "StateAt"], profile.StoredProperties().Select(one => one.Key).Order(StringComparer.Ordinal));
        Assert.Equal((int)TenantState.Deleted, profile.GetInt32("State"));

        var receipt = (await Quiet.Erasures.FindAsync(Deleted, CancellationToken.None))!;
        Assert.Equal((TenantState.Deleted, null), (receipt.State, receipt.ErasesAt));
        Assert.Equal(expected, receipt.Counts);
        var entry = Assert.Single((await Quiet.Audit.ListAsync(AuditLog.Administration, null, 10, CancellationToken.None)).Items);
        Assert.Equal((AuditAction.TenantDeleted, "tenant:1"), (entry.Action, entry.Target));
    }

    /// <summary>The rows and blobs that belong to a tenant, without its profile.</summary>
    public async Task<IReadOnlyList<string>> OwnedAsync(TenantId tenant)
    {
        var number = tenant.PartitionKey;
        var owned = new List<string>();
        foreach (var table in Quiet.Parley.Tables.All)
        {
            await foreach (var row in table.QueryAsync<TableEntity>())
            {
                var isOwned = row.PartitionKey == number || row.PartitionKey.StartsWith(number + "|", StringComparison.Ordinal)
                    || (table.Name is "Schedule" or "Due" && row.RowKey.Split('|')[1] == number)
                    || (table.Name == "Keys" && row.GetInt32("Tenant") == tenant.Number);
                if (isOwned && row.RowKey != "profile")
                {
                    owned.Add($"{table.Name} {row.PartitionKey} {row.RowKey}");
                }
            }
        }

        return [.. owned, .. blobs.Names("files", number + "/"), .. blobs.Names("exports", number + "/")];
    }

    /// <summary>Stores a blob, as a copy of another account would have it.</summary>
    public Task AddBlobAsync(string container, string name) =>
        Quiet.Blobs.GetBlobContainerClient(container).GetBlockBlobClient(name).CommitBlockListAsync([]);
}

/// <summary>A process that deletes tenants.</summary>
internal sealed class ErasureProcess
{
    public ErasureProcess(ParleyProcess parley, Azure.Storage.Blobs.BlobServiceClient blobs, int pageRows, int maxPages)
    {
        (Parley, Blobs) = (parley, blobs);
        var stores = new ErasedStores(parley.Tables, new ScheduleOptions(ScheduleTable.Schedule), blobs) { PageRows = pageRows };
        Erasures = new TenantErasures(parley.Tables, stores, parley.Time, new WriteBudget(parley.Time, new RandomSource(1)));
        Job = new TenantErasureJob(Erasures, stores, parley.Time, NullLogger<TenantErasureJob>.Instance) { MaxPages = maxPages };
        Audit = new AuditLog(parley.Tables, parley.Cursors, parley.Time, new RandomSource(2));
    }

    public ParleyProcess Parley { get; }

    public Azure.Storage.Blobs.BlobServiceClient Blobs { get; }

    public TenantErasures Erasures { get; }

    public TenantErasureJob Job { get; }

    public AuditLog Audit { get; }
}
