using System.Text;
using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Parley.Core;
using Parley.Files;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.OnStrictBlobs;

/// <summary>Blob calls under the scheduler, with the same crashes and failures as calls to the tables.</summary>
public sealed class BlobSimulationTests
{
    private static readonly ConversationKey Conversation = new(new TenantId(1), 1);
    private static readonly byte[] Content = [.. Encoding.ASCII.GetBytes("%PDF-"), .. new byte[FileStore.BlockBytes]];

    [Fact]
    public async Task A_process_that_dies_at_any_call_leaves_the_whole_file_or_nothing()
    {
        var outcomes = new HashSet<(int Blobs, bool Row)>();
        var calls = await CrashExploration.RunAsync(
            NewModelAsync,
            StoreAsync,
            (_, _) => Task.CompletedTask,
            async (model, verify) =>
            {
                var names = model.Blobs.Names("files");
                Assert.All(names, name => Assert.Equal(Content, model.Blobs.Find("files", name)!.Content()));
                Assert.Equal(names, await NamesAsync(model, verify));
                outcomes.Add((names.Count, await HasRowAsync(verify)));
            },
            CrashExploration.CrashesAndLateCalls,
            seeds: 5);

        // Two blocks, the commit, the row: in this order, so that the row never exists without the blob.
        Assert.Equal(4, calls);
        Assert.Equal([(0, false), (1, false), (1, true)], outcomes.Order());
    }

    [Fact]
    public async Task A_crash_between_staging_and_commit_leaves_nothing_to_see() => await Interleaving.ExploreAsync(50, async run =>
    {
        var model = await NewModelAsync(run, new StrictTables(run.Time));
        var process = run.Connect(model.Tables, "act", new TableHooks { Fault = TableHooks.At(3, Fault.CrashBefore) });
        await Assert.ThrowsAsync<CrashException>(() => StoreAsync(model, process));
        Assert.True(process.IsDead);
        Assert.Contains("Crash Before: act#3 blobs PutBlockList files/00000001/0000000001/", run.Trace[^1], StringComparison.Ordinal);
        Assert.Empty(model.Blobs.Names("files"));
        Assert.Empty(await NamesAsync(model, run.Connect(model.Tables, "verify")));
    });

    [Fact]
    public async Task A_writer_that_retries_stores_its_file_in_spite_of_any_failure() => await Interleaving.ExploreAsync(300, async run =>
    {
        var model = await NewModelAsync(run, new StrictTables(run.Time));
        run.CallTime = TimeSpan.FromMilliseconds(50);
        await Task.WhenAll(((string[])["a", "b"]).Select(async (name, i) =>
        {
            var hooks = new TableHooks { Fault = TableHooks.OneIn(4, (run.Seed * 10) + i, Fault.Unanswered) };
            var blob = model.Blobs.ServiceClient(run.Connect(model.Tables, name, hooks), retries: 20).GetBlobContainerClient("files").GetBlockBlobClient(name);
            foreach (var block in (string[])["MQ==", "Mg=="])
            {
                using var content = new MemoryStream(Encoding.ASCII.GetBytes(name + block));
                await blob.StageBlockAsync(block, content);
            }

            await blob.CommitBlockListAsync(["MQ==", "Mg=="]);
            Assert.Equal($"{name}MQ=={name}Mg==", (await blob.DownloadContentAsync()).Value.Content.ToString());
        }));
        run.DeliverLate();
        Assert.Equal(["a", "b"], model.Blobs.Names("files"));
    });

    [Fact]
    public async Task The_same_seed_gives_the_same_run()
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

    /// <summary>
    /// Two processes store and list files while calls are slow, so that calls are cancelled and land late.
    /// </summary>
    private static async Task TwoProcessesAsync(Simulation run)
    {
        var model = await NewModelAsync(run, new StrictTables(run.Time));
        (run.CallTime, run.SlowOneIn) = (TimeSpan.FromMilliseconds(50), 10);
        await Task.WhenAll(((string[])["a", "b"]).Select(async name =>
        {
            var process = run.Connect(model.Tables, name);
            using var timeout = new CancellationTokenSource(TimeSpan.FromMilliseconds(150), run.Time);
            try
            {
                await StoreAsync(model, process, timeout.Token);
            }
            catch (OperationCanceledException)
            {
                // Expected when the call is slow; the trace contains the calls that landed.
            }

            await NamesAsync(model, process);
        }));
        run.DeliverLate();
    }

    private static async Task<Model> NewModelAsync(Simulation run, StrictTables tables)
    {
        var model = new Model(run, tables, new StrictBlobs(run.Time));
        var setup = tables.Connect("setup");
        await setup.ServiceClient().GetTableClient("Table").CreateIfNotExistsAsync();
        using var files = FilesOf(model, setup);
        await files.CreateIfNotExistsAsync(CancellationToken.None);
        return model;
    }

    private static Task StoreAsync(Model model, TableConnection process) => StoreAsync(model, process, CancellationToken.None);

    private static async Task StoreAsync(Model model, TableConnection process, CancellationToken cancellation)
    {
        using var files = FilesOf(model, process);
        var uploaded = await files.UploadAsync(Conversation, new MemoryStream(Content), "a.pdf", cancellation);
        await files.CommitAsync(Conversation, uploaded, cancellation);
        await process.ServiceClient().GetTableClient("Table").UpsertEntityAsync(new TableEntity("p", "r"), cancellationToken: cancellation);
    }

    private static FileStore FilesOf(Model model, TableConnection process) => new(model.Blobs.ServiceClient(process), model.Run.Time, new RandomSource(model.Run.Seed));

    private static async Task<List<string>> NamesAsync(Model model, TableConnection process)
    {
        var names = new List<string>();
        await foreach (var blob in model.Blobs.ServiceClient(process).GetBlobContainerClient("files").GetBlobsAsync(BlobTraits.None, BlobStates.None, "0000", CancellationToken.None))
        {
            names.Add(blob.Name);
        }

        return names;
    }

    private static async Task<bool> HasRowAsync(TableConnection process) =>
        (await process.ServiceClient().GetTableClient("Table").GetEntityIfExistsAsync<TableEntity>("p", "r")).HasValue;

    private sealed record Model(Simulation Run, StrictTables Tables, StrictBlobs Blobs);
}
