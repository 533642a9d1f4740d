using Azure;
using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Exports;
using Parley.Spreadsheets;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Exports;

/// <summary>
/// An attempt at a csv or jsonl file goes on where an earlier one was cut off. The file is the one that an undisturbed
/// attempt writes, whatever an earlier attempt still does.
/// </summary>
public sealed class ExportResumptionTests
{
    private static readonly TimeSpan Lapsed = ExportLease.Length + TimeSpan.FromSeconds(1);

    /// <summary>The moments at which a late first attempt stages its last blocks and commits them.</summary>
    public enum Late
    {
        BeforeTheTakeOver,
        DuringTheTakeOver,
        AfterTheTakeOver,
        AfterTheCheckpoint,
        AfterTheCommit,
        AfterTheEnd,
    }

    public static TheoryData<Late, TableFormat, bool> Lates()
    {
        var data = new TheoryData<Late, TableFormat, bool>();
        foreach (var late in Enum.GetValues<Late>())
        {
            data.Add(late, TableFormat.Csv, true);
            data.Add(late, TableFormat.Csv, false);
            data.Add(late, TableFormat.Jsonl, true);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Lates))]
    public Task A_late_first_attempt_does_not_change_the_file(Late late, TableFormat format, bool hasCheckpoint) => RunAsync(format, async ground =>
    {
        await using var first = await WrittenAttempt.BeginAsync(ground.Process(), ground.Key);
        Assert.True(!hasCheckpoint || await first.CheckpointAsync(2));
        await Task.Delay(Lapsed, ground.Run.Time);
        await LateAsync(Late.BeforeTheTakeOver);

        // The second attempt's only blob calls before its own blocks: the ETag, and the take-over.
        var landed = (Task?)null;
        var second = await WrittenAttempt.BeginAsync(
            ground.Process(call => landed ??= call.Foreign is { Operation: "PutBlockList" } && late == Late.DuringTheTakeOver ? CommitAsync() : null), ground.Key);
        await (landed ?? Task.CompletedTask);
        Assert.Equal(hasCheckpoint ? 2 : 0, second.Start?.Counts.Rows ?? 0);
        await LateAsync(Late.AfterTheTakeOver);
        Assert.True(await second.CheckpointAsync(3));
        await LateAsync(Late.AfterTheCheckpoint);
        await second.StageRestAsync();
        await second.Blob.CommitAsync(CancellationToken.None);
        await LateAsync(Late.AfterTheCommit);
        Assert.Equal(ground.Undisturbed, ground.Content());
        await second.DisposeAsync();

        // A third attempt, because the second has not written its end: it goes on behind the second's checkpoint.
        await Task.Delay(Lapsed, ground.Run.Time);
        await ground.CompleteAsync();
        await LateAsync(Late.AfterTheEnd);
        await ground.VerifyAsync();

        async Task LateAsync(Late now)
        {
            await (late == now ? CommitAsync() : Task.CompletedTask);
        }

        async Task CommitAsync()
        {
            Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(ground.Undisturbed)), await first.StageRestAsync());
            if (late is Late.BeforeTheTakeOver or Late.DuringTheTakeOver)
            {
                await first.Blob.CommitAsync(CancellationToken.None);
                return;
            }

            var refused = await Assert.ThrowsAsync<RequestFailedException>(() => first.Blob.CommitAsync(CancellationToken.None));
            Assert.Contains(refused.Status, new[] { 409, 412 });
            Assert.False(await first.CheckpointAsync(9));
        }
    });

    [Theory]
    [InlineData(TableFormat.Csv)]
    [InlineData(TableFormat.Jsonl)]
    public Task The_next_attempt_reads_nothing_before_the_position(TableFormat format) => RunAsync(format, async ground =>
    {
        await using (var first = await WrittenAttempt.BeginAsync(ground.Process(), ground.Key))
        {
            Assert.True(await first.CheckpointAsync(4));
        }

        await Task.Delay(Lapsed, ground.Run.Time);
        var queries = new List<string>();
        await ground.CompleteAsync(ground.Process(call =>
        {
            if (call is { Kind: TableCallKind.Query, Table: "Conversations" })
            {
                queries.Add(call.ToString());
            }
        }));
        Assert.All(queries, query => Assert.Contains("RowKey ge 'm|0000000002'", query, StringComparison.Ordinal));
        Assert.NotEmpty(queries);
        await ground.VerifyAsync();
    });

    [Fact]
    public Task A_row_is_as_it_was_when_it_was_written() => RunAsync(TableFormat.Jsonl, async ground =>
    {
        await using (var first = await WrittenAttempt.BeginAsync(ground.Process(), ground.Key))
        {
            Assert.True(await first.CheckpointAsync(2));
        }

        foreach (var number in new[] { 2, 3 })
        {
            await ground.Process().Tables.Conversations.UpdateEntityAsync(
                new TableEntity(ground.Model.Conversations[0].PartitionKey, MessageRowKeys.Message(number)) { ["Text"] = $"edited {number}" }, ETag.All, TableUpdateMode.Merge);
        }

        await Task.Delay(Lapsed, ground.Run.Time);
        await ground.CompleteAsync();
        var texts = ExportFileReader.Read(ground.Row, ground.Content()).Select(row => row[6]).ToList();
        Assert.NotEqual("edited 2", texts[1]);
        Assert.Equal("edited 3", texts[2]);
        ExportLog.VerifyFile(ground.Row, ground.Content());
    });

    [Fact]
    public Task Attempts_that_store_more_of_the_file_are_not_counted() => RunAsync(TableFormat.Csv, async ground =>
    {
        for (var rows = 1; rows <= 5; rows++)
        {
            for (var without = 0; without < ExportFileJob.MaxAttempts - 2; without++)
            {
                await using var idle = await WrittenAttempt.BeginAsync(ground.Process(), ground.Key);
                await Task.Delay(Lapsed, ground.Run.Time);
            }

            await using var attempt = await WrittenAttempt.BeginAsync(ground.Process(), ground.Key);
            Assert.Equal(rows - 1, attempt.Start?.Counts.Rows ?? 0);
            Assert.True(await attempt.CheckpointAsync(rows));
            await Task.Delay(Lapsed, ground.Run.Time);
        }

        Assert.Equal(5, ground.Row.Checkpoint!.Blocks.Count);
        await ground.CompleteAsync();
        await ground.VerifyAsync();
    });

    [Fact]
    public Task Five_attempts_that_store_nothing_more_fail_the_export() => RunAsync(TableFormat.Csv, async ground =>
    {
        await using (var attempt = await WrittenAttempt.BeginAsync(ground.Process(), ground.Key))
        {
            Assert.True(await attempt.CheckpointAsync(1));
        }

        for (var without = 1; without < ExportFileJob.MaxAttempts; without++)
        {
            await Task.Delay(Lapsed, ground.Run.Time);
            await using var idle = await WrittenAttempt.BeginAsync(ground.Process(), ground.Key);
        }

        await Task.Delay(TimeSpan.FromMinutes(6), ground.Run.Time);
        await ground.Process().ExportFileJob.RunAsync(ExportStep.Of(ground.Row), CancellationToken.None);
        Assert.Equal((ExportStatus.Failed, ExportReasons.Interrupted), (ground.Row.Status, ground.Row.Reason));
        Assert.Null(ground.Row.Checkpoint);
    });

    [Fact]
    public Task Blocks_that_storage_has_dropped_are_written_again() => RunAsync(TableFormat.Csv, async ground =>
    {
        await using (var first = await WrittenAttempt.BeginAsync(ground.Process(), ground.Key))
        {
            Assert.True(await first.CheckpointAsync(2));
        }

        await Task.Delay(TimeSpan.FromDays(8), ground.Run.Time);
        await ground.CompleteAsync();
        await ground.VerifyAsync();
    });

    /// <summary>
    /// Version 0.2.0 writes rows without the property it does not know, and a blob with the number of its attempt.
    /// </summary>
    [Fact]
    public Task An_attempt_of_an_earlier_version_in_between_begins_anew_and_clashes_with_nothing() => RunAsync(TableFormat.Csv, async ground =>
    {
        await using var first = await WrittenAttempt.BeginAsync(ground.Process(), ground.Key);
        Assert.True(await first.CheckpointAsync(2));
        await Task.Delay(Lapsed, ground.Run.Time);

        var process = ground.Process();
        var known = (await process.Exports.FindAsync(ground.Key, CancellationToken.None))!;
        await using (var lease = await process.ExportLeaseStore.TryTakeAsync(known with { Checkpoint = null }, CancellationToken.None))
        {
            var old = process.Blobs.GetBlobContainerClient(ExportFiles.ContainerName).GetBlobClient($"{ExportLog.Folder(ground.Key)}{lease!.Export.AttemptsStarted}.csv");
            await using var blob = ExportBlob.OpenOwn(Azure.Storage.Blobs.Specialized.SpecializedBlobExtensions.GetBlockBlobClient(process.Blobs.GetBlobContainerClient(ExportFiles.ContainerName), old.Name), new(), 256, () => { });
            await blob.Blocks.WriteAsync("of an earlier version"u8.ToArray());
            await blob.Blocks.CompleteAsync(CancellationToken.None);
            await blob.CommitAsync(CancellationToken.None);
        }

        await Task.Delay(Lapsed, ground.Run.Time);
        await ground.CompleteAsync();
        await Assert.ThrowsAsync<RequestFailedException>(async () =>
        {
            await first.StageRestAsync();
            await first.Blob.CommitAsync(CancellationToken.None);
        });
        await ground.VerifyAsync();
    });

    [Fact]
    public Task A_file_of_an_earlier_version_is_read() => RunAsync(TableFormat.Csv, async ground =>
    {
        await ground.CompleteAsync();
        var process = ground.Process();
        var container = process.Blobs.GetBlobContainerClient(ExportFiles.ContainerName);
        var blob = Azure.Storage.Blobs.Specialized.SpecializedBlobExtensions.GetBlockBlobClient(container, $"{ExportLog.Folder(ground.Key)}3.csv");
        using var staged = new MemoryStream("of an earlier version"u8.ToArray());
        await blob.StageBlockAsync("AAAA", staged);
        await blob.CommitBlockListAsync(["AAAA"]);

        var export = ground.Row with { FileAttempt = 3 };
        using var reader = new StreamReader(await process.ExportFiles.OpenAsync(export, CancellationToken.None));
        Assert.Equal("of an earlier version", await reader.ReadToEndAsync());
        Assert.EndsWith("/3.csv", (await process.ExportFiles.LinkAsync(export, CancellationToken.None))!.Url.AbsolutePath, StringComparison.Ordinal);
    });

    [Fact]
    public Task A_commit_whose_response_is_lost_is_known_as_done() => RunAsync(TableFormat.Csv, async ground =>
    {
        // The storage client sends the commit again, and it is refused, because the first one was carried out.
        var lost = false;
        var process = ground.Model.Unscheduled("losing", hooks: new TableHooks
        {
            Fault = call => call.Foreign is { Operation: "PutBlockList" } && !lost && (lost = true) ? Fault.LostAfter : Fault.None,
        }, retries: 1);
        await ground.CompleteAsync(process);
        Assert.True(lost);
        Assert.Single(ground.Model.Log[ground.Key].FileTakes);
        await ground.VerifyAsync();
    });

    /// <summary>Six rows of two conversations, one on a page of the storage's answers.</summary>
    private static async Task RunAsync(TableFormat format, Func<Ground, Task> test) => await Interleaving.RunAsync(7, async run =>
    {
        var model = new ExportModel(run, new StrictTables(run.Time));
        await model.BuildAsync();
        await model.PostAsync(model.Unscheduled(), model.Conversations[1], MessageRole.Customer);
        await Task.Delay(TimeSpan.FromMinutes(2), run.Time);
        var draft = new NewExport(null, null, ExportModel.CallbackUrl, Language.PtBr, format);
        var process = model.Unscheduled();
        var (undisturbed, _) = await process.ExportCreation.CreateAsync(model.Tenants[0], draft, null, CancellationToken.None);
        await Task.Delay(TimeSpan.FromMinutes(1), run.Time);
        await process.ExportFileJob.RunAsync(ExportStep.Of(undisturbed), CancellationToken.None);
        var file = model.Log[undisturbed.Key].File!;

        var end = undisturbed.RangeEnd;
        var (export, _) = await process.ExportCreation.CreateAsync(model.Tenants[0], draft with { RangeEnd = end }, null, CancellationToken.None);
        await test(new Ground(model, export.Key, file));
        model.Log.Verify();
    });

    private sealed record Ground(ExportModel Model, ExportKey Key, byte[] Undisturbed)
    {
        public Simulation Run => Model.Run;

        public Export Row => Model.Log[Key].Row;

        /// <summary>A process whose queries return a row at a time.</summary>
        /// <param name="note">Receives each call before it is carried out.</param>
        public ParleyProcess Process(Action<TableCall>? note = null) => Model.Unscheduled(hooks: new TableHooks
        {
            PageRows = _ => 1,
            Fault = call =>
            {
                note?.Invoke(call);
                return Fault.None;
            },
        });

        public byte[] Content() => Model.Blobs.Find(ExportLog.Container, ExportLog.FileName(Row with { FileAttempt = ExportFiles.SharedBlob }))!.Content();

        public async Task CompleteAsync(ParleyProcess? process = null)
        {
            await (process ?? Process()).ExportFileJob.RunAsync(ExportStep.Of(Row), CancellationToken.None);
            Assert.Equal(ExportStatus.Completed, Row.Status);
        }

        /// <summary>The file is the undisturbed one, and there is no other.</summary>
        public async Task VerifyAsync()
        {
            Assert.Equal(Undisturbed, Content());
            Assert.Equal((Undisturbed.LongLength, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Undisturbed))), (Row.Bytes, Row.Sha256));
            Assert.Equal([ExportLog.FileName(Row)], Model.Blobs.Names(ExportLog.Container, ExportLog.Folder(Key)));
            Assert.Null((await Process().Exports.FindAsync(Key, CancellationToken.None))!.Checkpoint);
        }
    }
}
