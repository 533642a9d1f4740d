using System.Text;
using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Parley.Files;
using Parley.Storage;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.OnStrictBlobs;

/// <summary>Blob calls under the scheduler, with the crashes and the failures that calls to the tables have.</summary>
public sealed class BlobSimulationTests
{
    private static readonly ConversationKey Conversation = new(new TenantId(1), 1);
    private static readonly byte[] Content = [.. Encoding.ASCII.GetBytes("%PDF-"), .. new byte[FileStore.BlockBytes]];

    [Fact]
    public async Task A_process_that_dies_at_any_call_leaves_the_whole_file_or_nothing()
    {
        var outcomes = new HashSet<(int Blobs, bool Row)>();
        var calls = await CrashSweep.RunAsync(
            NewWorldAsync,
            StoreAsync,
            (_, _) => Task.CompletedTask,
            async (world, verify) =>
            {
                var names = world.Blobs.Names("files");
                Assert.All(names, name => Assert.Equal(Content, world.Blobs.Find("files", name)!.Content()));
                Assert.Equal(names, await NamesAsync(world, verify));
                outcomes.Add((names.Count, await HasRowAsync(verify)));
            },
            CrashSweep.CrashesAndLateCalls,
            seeds: 5);

        // Two blocks, the commit, the row: in this order, so that there is never the row alone.
        Assert.Equal(4, calls);
        Assert.Equal([(0, false), (1, false), (1, true)], outcomes.Order());
    }

    [Fact]
    public async Task A_crash_between_staging_and_commit_leaves_nothing_to_see() => await Interleaving.ExploreAsync(50, async run =>
    {
        var world = await NewWorldAsync(run, new StrictTables(run.Time));
        var process = run.Connect(world.Tables, "act", new TableHooks { Fault = TableHooks.At(3, Fault.CrashBefore) });
        await Assert.ThrowsAsync<CrashException>(() => StoreAsync(world, process));
        Assert.True(process.IsDead);
        Assert.Contains("Crash Before: act#3 blobs PutBlockList files/00000001/0000000001/", run.Trace[^1], StringComparison.Ordinal);
        Assert.Empty(world.Blobs.Names("files"));
        Assert.Empty(await NamesAsync(world, run.Connect(world.Tables, "verify")));
    });

    [Fact]
    public async Task A_writer_that_tries_again_gets_its_file_in_whatever_goes_wrong() => await Interleaving.ExploreAsync(300, async run =>
    {
        var world = await NewWorldAsync(run, new StrictTables(run.Time));
        run.CallTime = TimeSpan.FromMilliseconds(50);
        await Task.WhenAll(((string[])["a", "b"]).Select(async (name, i) =>
        {
            var hooks = new TableHooks { Fault = TableHooks.OneIn(4, (run.Seed * 10) + i, Fault.Unanswered) };
            var blob = world.Blobs.ServiceClient(run.Connect(world.Tables, name, hooks), retries: 20).GetBlobContainerClient("files").GetBlockBlobClient(name);
            foreach (var block in (string[])["MQ==", "Mg=="])
            {
                using var content = new MemoryStream(Encoding.ASCII.GetBytes(name + block));
                await blob.StageBlockAsync(block, content);
            }

            await blob.CommitBlockListAsync(["MQ==", "Mg=="]);
            Assert.Equal($"{name}MQ=={name}Mg==", (await blob.DownloadContentAsync()).Value.Content.ToString());
        }));
        run.DeliverLate();
        Assert.Equal(["a", "b"], world.Blobs.Names("files"));
    });

    [Fact]
    public async Task The_same_seed_is_the_same_run()
    {
        var traces = new HashSet<string>(StringComparer.Ordinal);
        for (var seed = 1; seed <= 40; seed++)
        {
            var first = await Interleaving.RunAsync(seed, TwoProcessesAsync);
            var second = await Interleaving.RunAsync(seed, TwoProcessesAsync);
            Assert.Equal(first.Trace, second.Trace);
            Assert.Equal(first.Time.GetUtcNow(), second.Time.GetUtcNow());
            traces.Add(string.Join('\n', first.Trace));
        }

        Assert.InRange(traces.Count, 12, 40);
    }

    /// <summary>Two processes store files and list them, slowly, so that calls are given up and land late.</summary>
    private static async Task TwoProcessesAsync(Simulation run)
    {
        var world = await NewWorldAsync(run, new StrictTables(run.Time));
        (run.CallTime, run.SlowOneIn) = (TimeSpan.FromMilliseconds(50), 10);
        await Task.WhenAll(((string[])["a", "b"]).Select(async name =>
        {
            var process = run.Connect(world.Tables, name);
            using var timeout = new CancellationTokenSource(TimeSpan.FromMilliseconds(150), run.Time);
            try
            {
                await StoreAsync(world, process, timeout.Token);
            }
            catch (OperationCanceledException)
            {
                // Slow; what landed is in the trace.
            }

            await NamesAsync(world, process);
        }));
        run.DeliverLate();
    }

    private static async Task<World> NewWorldAsync(Simulation run, StrictTables tables)
    {
        var world = new World(run, tables, new StrictBlobs(run.Time));
        var setup = tables.Connect("setup");
        await setup.ServiceClient().GetTableClient("Table").CreateIfNotExistsAsync();
        using var files = FilesOf(world, setup);
        await files.CreateIfNotExistsAsync(CancellationToken.None);
        return world;
    }

    private static Task StoreAsync(World world, TableConnection process) => StoreAsync(world, process, CancellationToken.None);

    private static async Task StoreAsync(World world, TableConnection process, CancellationToken cancellation)
    {
        using var files = FilesOf(world, process);
        var uploaded = await files.UploadAsync(Conversation, new MemoryStream(Content), "a.pdf", cancellation);
        await files.CommitAsync(Conversation, uploaded, cancellation);
        await process.ServiceClient().GetTableClient("Table").UpsertEntityAsync(new TableEntity("p", "r"), cancellationToken: cancellation);
    }

    private static FileStore FilesOf(World world, TableConnection process) => new(world.Blobs.ServiceClient(process), world.Run.Time, new Entropy(world.Run.Seed));

    private static async Task<List<string>> NamesAsync(World world, TableConnection process)
    {
        var names = new List<string>();
        await foreach (var blob in world.Blobs.ServiceClient(process).GetBlobContainerClient("files").GetBlobsAsync(BlobTraits.None, BlobStates.None, "0000", CancellationToken.None))
        {
            names.Add(blob.Name);
        }

        return names;
    }

    private static async Task<bool> HasRowAsync(TableConnection process) =>
        (await process.ServiceClient().GetTableClient("Table").GetEntityIfExistsAsync<TableEntity>("p", "r")).HasValue;

    private sealed record World(Simulation Run, StrictTables Tables, StrictBlobs Blobs);
}
