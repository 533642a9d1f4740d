using Azure;
using Azure.Data.Tables;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Exports;
using Parley.Spreadsheets;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;
using Xunit.Abstractions;

namespace Parley.Tests.Exports;

/// <summary>
/// Creating exports, writing their files, delivering webhooks, cancelling, removing and expiring, with a crash at each
/// call to tables, blobs, queues and the receiver, and continued by another process: no export is lost, an incomplete
/// file is never named, and leftovers are removed in time.
/// </summary>
public sealed class ExportCrashTests(ITestOutputHelper output)
{
    /// <summary>
    /// The time within which an export continues after a kill: a lease of 20 s, a tick within 60 s, and some time to
    /// run (docs/consistency.md, "Leases").
    /// </summary>
    private static readonly TimeSpan Resumed = TimeSpan.FromSeconds(90);

    [Fact]
    public Task Creating_with_a_key_and_a_retry_creates_one() => ExploreCrashesAsync(
        _ => Task.CompletedTask,
        (ground, process) => ground.CreateAsync(process, "key"),
        (ground, process) => ground.CreateAsync(process, "key"),
        model => Assert.Equal(1, Assert.Single(model.Log.Exports).Accepted));

    [Fact]
    public Task Creating_without_a_retry_creates_one_or_none() => ExploreCrashesAsync(
        _ => Task.CompletedTask,
        (ground, process) => ground.CreateAsync(process, null),
        (_, _) => Task.CompletedTask,
        model => Assert.All(model.Log.Exports, export => Assert.Equal(1, export.Accepted)));

    [Fact]
    public Task Creating_twice_with_one_key_creates_one() => ExploreCrashesAsync(
        _ => Task.CompletedTask,
        async (ground, process) =>
        {
            var first = await ground.CreateAsync(process, "key");
            Assert.Equal(first.Id, (await ground.CreateAsync(process, "key")).Id);
        },
        (ground, process) => ground.CreateAsync(process, "key"),
        model => Assert.Equal(1, Assert.Single(model.Log.Exports).Accepted));

    [Fact]
    public Task Writing_the_file_and_delivering_it() => ExploreCrashesAsync(
        async ground => await ground.CreateAsync(ground.Model.Unscheduled(), null),
        (ground, process) => ground.Model.DeliverAsync(ExportOperations.Production, process),
        (_, _) => Task.CompletedTask,
        model =>
        {
            var export = Assert.Single(model.Log.Exports);
            Assert.Equal((ExportStatus.Completed, WebhookStatus.Taken, 6), (export.Row.Status, export.Row.WebhookStatus, (int)export.Row.Rows + 1));
            Assert.InRange(export.Deliveries, 1, 2);
        },
        isResumedInTime: true);

    [Fact]
    public Task Writing_the_file_again_after_an_attempt_without_a_result() => ExploreCrashesAsync(
        async ground =>
        {
            await ground.BeginAsync();
            await Task.Delay(ExportLease.Length, ground.Model.Run.Time);
        },
        (ground, process) => ground.Model.DeliverAsync(ExportOperations.Production, process),
        (_, _) => Task.CompletedTask,
        model =>
        {
            var export = Assert.Single(model.Log.Exports);
            Assert.Equal((ExportStatus.Completed, ExportFiles.SharedBlob), (export.Row.Status, export.Row.FileAttempt));
            Assert.InRange(export.FileTakes.Count, 2, 3);
        },
        isResumedInTime: true);

    [Fact]
    public Task Failing_and_writing_the_file_again() => ExploreCrashesAsync(
        async ground =>
        {
            await ground.CreateAsync(ground.Model.Unscheduled(), null);
            await ground.SpoilAsync();
        },
        async (ground, process) =>
        {
            await ground.Model.DeliverAsync(ExportOperations.Production, process);
            await ground.MendAsync();
            await Task.Delay(TimeSpan.FromSeconds(6), ground.Model.Run.Time);
            await ground.Model.DeliverAsync(ExportOperations.Production, process);
        },
        (ground, _) => ground.MendAsync(),
        model => Assert.Equal((ExportStatus.Completed, WebhookStatus.Taken), (Assert.Single(model.Log.Exports).Row.Status, Assert.Single(model.Log.Exports).Row.WebhookStatus)));

    [Fact]
    public Task Failing_five_times() => ExploreCrashesAsync(
        async ground =>
        {
            await ground.CreateAsync(ground.Model.Unscheduled(), null);
            await ground.SpoilAsync();
            for (var attempt = 1; attempt < ExportFileJob.MaxAttempts; attempt++)
            {
                await ground.Model.DeliverAsync(ExportOperations.Production, ground.Model.Unscheduled());
                await Task.Delay(TimeSpan.FromMinutes(4), ground.Model.Run.Time);
            }
        },
        (ground, process) => ground.Model.DeliverAsync(ExportOperations.Production, process),
        (_, _) => Task.CompletedTask,
        model =>
        {
            // The fifth attempt may have ended without a result.
            var row = Assert.Single(model.Log.Exports).Row;
            Assert.Equal((ExportStatus.Failed, WebhookStatus.Taken), (row.Status, row.WebhookStatus));
            Assert.Contains(row.Reason, new[] { ExportReasons.InternalError, ExportReasons.Interrupted });
        });

    [Fact]
    public Task Retrying_the_webhook_until_it_is_delivered() => ExploreCrashesAsync(
        ground => ground.CompleteAsync(),
        async (ground, process) =>
        {
            ground.Model.Receiver.Script = delivery => new ReceiverResponse(delivery == 1 ? 500 : 204);
            await ground.Model.DeliverAsync(ExportOperations.Production, process);
            await Task.Delay(TimeSpan.FromSeconds(7), ground.Model.Run.Time);
            await ground.Model.DeliverAsync(ExportOperations.Production, process);
        },
        (_, _) => Task.CompletedTask,
        model =>
        {
            var export = Assert.Single(model.Log.Exports);
            Assert.Equal((ExportStatus.Completed, WebhookStatus.Taken), (export.Row.Status, export.Row.WebhookStatus));
            Assert.InRange(export.Deliveries, 1, 3);
        });

    [Fact]
    public Task Sending_the_webhook_until_it_is_refused() => ExploreCrashesAsync(
        async ground =>
        {
            await ground.CompleteAsync();
            ground.Model.Receiver.Script = _ => new ReceiverResponse(410);
        },
        (ground, process) => ground.Model.DeliverAsync(ExportOperations.Production, process),
        (_, _) => Task.CompletedTask,
        model =>
        {
            // If a crash comes before the refusal is stored, the next attempt meets a receiver that accepts.
            var export = Assert.Single(model.Log.Exports);
            Assert.Contains(export.Row.WebhookStatus, new[] { WebhookStatus.Refused, WebhookStatus.Taken });
            Assert.True(export.Row.WebhookStatus == WebhookStatus.Taken || export.Deliveries == 1);
        });

    [Fact]
    public Task Delivering_again() => ExploreCrashesAsync(
        async ground =>
        {
            await ground.CompleteAsync();
            await ground.Model.DeliverAsync(ExportOperations.Production, ground.Model.Unscheduled());
        },
        async (ground, process) =>
        {
            await process.ExportRedelivery.DeliverAsync(ground.Model.Tenants[0], "1", CancellationToken.None);
            await ground.Model.DeliverAsync(ExportOperations.Production, process);
        },
        (ground, process) => process.ExportRedelivery.DeliverAsync(ground.Model.Tenants[0], "1", CancellationToken.None),
        model =>
        {
            var export = Assert.Single(model.Log.Exports);
            Assert.Equal(WebhookStatus.Taken, export.Row.WebhookStatus);
            Assert.InRange(export.Accepted, 2, 4);
        });

    [Fact]
    public Task Cancelling_an_export_that_has_not_begun() => ExploreCrashesAsync(
        async ground => await ground.CreateAsync(ground.Model.Unscheduled(), null), RemoveAsync, RemoveAsync, model => VerifyCancelled(model, ExportStatus.Cancelled));

    [Fact]
    public Task Cancelling_an_export_whose_file_is_being_written() => ExploreCrashesAsync(ground => ground.BeginAsync(), RemoveAsync, RemoveAsync, model =>
    {
        VerifyCancelled(model, ExportStatus.Cancelled);
        Assert.Empty(model.Blobs.Names(ExportLog.Container));
    });

    [Fact]
    public Task Removing_the_file_before_the_webhook() => ExploreCrashesAsync(
        ground => ground.CompleteAsync(), RemoveAsync, RemoveAsync, model => VerifyCancelled(model, ExportStatus.Expired));

    [Fact]
    public Task Enqueueing_by_the_timer() => ExploreCrashesAsync(
        async ground =>
        {
            await ground.CreateAsync(ground.Model.Unscheduled(), null);
            await ground.CreateAsync(ground.Model.Unscheduled(), null);
            while (ground.Model.Queues.Take() is not null)
            {
                // The messages are lost.
            }

            await Task.Delay(TimeSpan.FromSeconds(11), ground.Model.Run.Time);
        },
        (_, process) => process.ExportDispatch.DispatchAsync(CancellationToken.None),
        (_, _) => Task.CompletedTask,
        model => Assert.Equal([1, 1], model.Log.Exports.Select(export => export.Accepted)));

    [Fact]
    public Task Expiry_of_files_by_the_timer() => ExploreCrashesAsync(
        async ground =>
        {
            await ground.CompleteAsync();
            await ground.Model.DeliverAsync(ExportOperations.Production, ground.Model.Unscheduled());
            await ground.CreateAsync(ground.Model.Unscheduled(), null);
            await RemoveAsync(ground, ground.Model.Unscheduled(), "2");
            await Task.Delay(TimeSpan.FromDays(7) + TimeSpan.FromMinutes(1), ground.Model.Run.Time);
        },
        (_, process) => process.ExportDispatch.DispatchAsync(CancellationToken.None),
        (_, _) => Task.CompletedTask,
        model => Assert.Equal([ExportStatus.Expired, ExportStatus.Cancelled], model.Log.Exports.Select(export => export.Row.Status)));

    private static Task RemoveAsync(Ground ground, ParleyProcess process) => RemoveAsync(ground, process, "1");

    private static async Task RemoveAsync(Ground ground, ParleyProcess process, string id) =>
        await process.ExportRemoval.RemoveAsync(ground.Model.Tenants[0], id, CancellationToken.None);

    private static void VerifyCancelled(ExportModel model, ExportStatus status)
    {
        var export = Assert.Single(model.Log.Exports);
        Assert.Equal((status, WebhookStatus.Cancelled, 0), (export.Row.Status, export.Row.WebhookStatus, export.Deliveries));
    }

    private async Task ExploreCrashesAsync(
        Func<Ground, Task> prepare, Func<Ground, ParleyProcess, Task> act, Func<Ground, ParleyProcess, Task> again, Action<ExportModel> verify, bool isResumedInTime = false)
    {
        var cases = 0;
        var calls = await CrashExploration.RunAsync(
            async (run, tables) =>
            {
                var model = new ExportModel(run, tables);
                await model.BuildAsync();
                var ground = new Ground(model);
                await prepare(ground);
                return ground;
            },
            (ground, connection) => act(ground, ground.Model.Process(connection, 1)),
            async (ground, connection) =>
            {
                cases++;
                var (model, process, killed) = (ground.Model, ground.Model.Process(connection, 2), ground.Model.Run.Time.GetUtcNow());
                await again(ground, process);
                if (isResumedInTime)
                {
                    // Deliveries every second, and a tick every minute, the first of which comes as late as possible.
                    for (var second = 0; second < Resumed.TotalSeconds; second++)
                    {
                        await Task.Delay(TimeSpan.FromSeconds(1), model.Run.Time);
                        await (second % 60 == 59 ? process.ExportDispatch.DispatchAsync(CancellationToken.None) : Task.CompletedTask);
                        await model.DeliverAsync(ExportOperations.Production, process);
                    }

                    Assert.All(model.Log.Exports, export => Assert.True(export.Row.FinishedAt - killed <= Resumed, $"{export.Row.Status} at {export.Row.FinishedAt}, killed at {killed}."));
                }

                model.Run.DeliverLate();
                await model.ReachQuiescenceAsync(ExportOperations.Production, process);
                await ground.MendAsync();
            },
            async (ground, _) =>
            {
                await ground.Model.VerifyEndedAsync();
                verify(ground.Model);
                await ground.Model.ExpireAsync(ExportOperations.Production, ground.Model.Unscheduled("expiry"));
            },
            CrashExploration.CrashesAndLateCalls,
            seeds: 2,
            watch: ground => ground.Model.Log.Note);
        output.WriteLine($"{calls} calls, {cases} cases.");
        Assert.True(calls > 1);
    }

    private sealed record Ground(ExportModel Model)
    {
        /// <summary>An export of a past range, so that it is due at once.</summary>
        public async Task<Export> CreateAsync(ParleyProcess process, string? key)
        {
            var start = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
            var draft = new NewExport(start, start.AddMinutes(4), ExportModel.CallbackUrl, Language.PtBr, TableFormat.Jsonl);
            var (export, _) = await process.ExportCreation.CreateAsync(Model.Tenants[0], draft, key is null ? null : IdempotencyKey.Create(key, ["1"]), CancellationToken.None);
            Model.Acknowledged.Add(export);
            return export;
        }

        /// <summary>A completed export whose webhook is pending.</summary>
        public async Task CompleteAsync()
        {
            await CreateAsync(Model.Unscheduled(), null);
            await Model.HandleAsync(ExportOperations.Production, Model.Unscheduled(), Model.Queues.Take()!);
        }

        /// <summary>An export whose process has begun the file and stops before committing its blob.</summary>
        public async Task BeginAsync()
        {
            var (process, export) = (Model.Unscheduled(), await CreateAsync(Model.Unscheduled(), null));
            await using var lease = (await process.ExportLeaseStore.TryTakeAsync((await process.Exports.FindAsync(export.Key, CancellationToken.None))!, CancellationToken.None))!;
            await using var blob = await process.ExportFiles.OpenAsync(lease.Export, () => { }, CancellationToken.None);
            await blob.Blocks.WriteAsync("left"u8.ToArray());
            await blob.Blocks.CompleteAsync(CancellationToken.None);
            await blob.CommitAsync(CancellationToken.None);
        }

        /// <summary>Makes a message unreadable.</summary>
        public async Task SpoilAsync() => await Model.Unscheduled().Tables.Conversations.UpdateEntityAsync(SpoiledRow("text/spoiled"), ETag.All, TableUpdateMode.Merge);

        public async Task MendAsync() => await Model.Unscheduled().Tables.Conversations.UpdateEntityAsync(SpoiledRow(1), ETag.All, TableUpdateMode.Merge);

        private TableEntity SpoiledRow(object role) => new(Model.Conversations[0].PartitionKey, MessageRowKeys.Message(1)) { ["Role"] = role };
    }
}
