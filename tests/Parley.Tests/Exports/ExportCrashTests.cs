using Azure;
using Azure.Data.Tables;
using Parley.Exports;
using Parley.Idempotency;
using Parley.Spreadsheets;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;
using Xunit.Abstractions;

namespace Parley.Tests.Exports;

/// <summary>
/// Whatever makes exports, writes their files, calls back, ends them or removes them, ended at each of its calls to tables, blobs, queues and the receiver, and
/// carried on by another process: nothing is lost, no half file is ever named, and what is left behind is removed in its time.
/// </summary>
public sealed class ExportCrashTests(ITestOutputHelper output)
{
    /// <summary>After a kill: the lease, 20 s, and a tick, 60 s, and some time to do it (architecture.md, "Exports").</summary>
    private static readonly TimeSpan Resumed = TimeSpan.FromSeconds(90);

    [Fact]
    public Task Creating_and_asking_again_with_the_key_makes_one() => SweepAsync(
        _ => Task.CompletedTask,
        (ground, process) => ground.CreateAsync(process, "key"),
        (ground, process) => ground.CreateAsync(process, "key"),
        world => Assert.Equal(1, Assert.Single(world.Log.Exports).Accepted));

    [Fact]
    public Task Creating_and_never_asking_again_makes_one_or_none() => SweepAsync(
        _ => Task.CompletedTask,
        (ground, process) => ground.CreateAsync(process, null),
        (_, _) => Task.CompletedTask,
        world => Assert.All(world.Log.Exports, export => Assert.Equal(1, export.Accepted)));

    [Fact]
    public Task Asking_twice_with_one_key_makes_one() => SweepAsync(
        _ => Task.CompletedTask,
        async (ground, process) =>
        {
            var first = await ground.CreateAsync(process, "key");
            Assert.Equal(first.Id, (await ground.CreateAsync(process, "key")).Id);
        },
        (ground, process) => ground.CreateAsync(process, "key"),
        world => Assert.Equal(1, Assert.Single(world.Log.Exports).Accepted));

    [Fact]
    public Task Writing_the_file_and_delivering_it() => SweepAsync(
        async ground => await ground.CreateAsync(ground.World.Unscheduled(), null),
        (ground, process) => ground.World.DeliverAsync(ExportWays.Parleys, process),
        (_, _) => Task.CompletedTask,
        world =>
        {
            var export = Assert.Single(world.Log.Exports);
            Assert.Equal((ExportStatus.Completed, CallbackStatus.Taken, 6), (export.Row.Status, export.Row.CallbackStatus, (int)export.Row.Rows + 1));
            Assert.InRange(export.Deliveries, 1, 2);
        },
        isResumedInTime: true);

    [Fact]
    public Task Writing_the_file_again_after_an_attempt_that_ended_without_a_word() => SweepAsync(
        async ground =>
        {
            await ground.BeginAsync();
            await Task.Delay(ExportLease.Length, ground.World.Run.Time);
        },
        (ground, process) => ground.World.DeliverAsync(ExportWays.Parleys, process),
        (_, _) => Task.CompletedTask,
        world =>
        {
            var export = Assert.Single(world.Log.Exports);
            Assert.Equal(ExportStatus.Completed, export.Row.Status);
            Assert.InRange(export.Row.FileAttempt!.Value, 2, 3);
        },
        isResumedInTime: true);

    [Fact]
    public Task Failing_and_writing_the_file_again() => SweepAsync(
        async ground =>
        {
            await ground.CreateAsync(ground.World.Unscheduled(), null);
            await ground.SpoilAsync();
        },
        async (ground, process) =>
        {
            await ground.World.DeliverAsync(ExportWays.Parleys, process);
            await ground.MendAsync();
            await Task.Delay(TimeSpan.FromSeconds(6), ground.World.Run.Time);
            await ground.World.DeliverAsync(ExportWays.Parleys, process);
        },
        (ground, _) => ground.MendAsync(),
        world => Assert.Equal((ExportStatus.Completed, CallbackStatus.Taken), (Assert.Single(world.Log.Exports).Row.Status, Assert.Single(world.Log.Exports).Row.CallbackStatus)));

    [Fact]
    public Task Failing_five_times() => SweepAsync(
        async ground =>
        {
            await ground.CreateAsync(ground.World.Unscheduled(), null);
            await ground.SpoilAsync();
            for (var attempt = 1; attempt < ExportBuild.MaxAttempts; attempt++)
            {
                await ground.World.DeliverAsync(ExportWays.Parleys, ground.World.Unscheduled());
                await Task.Delay(TimeSpan.FromMinutes(4), ground.World.Run.Time);
            }
        },
        (ground, process) => ground.World.DeliverAsync(ExportWays.Parleys, process),
        (_, _) => Task.CompletedTask,
        world =>
        {
            // The fifth may have ended without a word.
            var row = Assert.Single(world.Log.Exports).Row;
            Assert.Equal((ExportStatus.Failed, CallbackStatus.Taken), (row.Status, row.CallbackStatus));
            Assert.Contains(row.Reason, new[] { ExportReasons.InternalError, ExportReasons.Interrupted });
        });

    [Fact]
    public Task Calling_back_until_it_is_taken() => SweepAsync(
        ground => ground.CompleteAsync(),
        async (ground, process) =>
        {
            ground.World.Receiver.Script = delivery => new ReceiverAnswer(delivery == 1 ? 500 : 204);
            await ground.World.DeliverAsync(ExportWays.Parleys, process);
            await Task.Delay(TimeSpan.FromSeconds(7), ground.World.Run.Time);
            await ground.World.DeliverAsync(ExportWays.Parleys, process);
        },
        (_, _) => Task.CompletedTask,
        world =>
        {
            var export = Assert.Single(world.Log.Exports);
            Assert.Equal((ExportStatus.Completed, CallbackStatus.Taken), (export.Row.Status, export.Row.CallbackStatus));
            Assert.InRange(export.Deliveries, 1, 3);
        });

    [Fact]
    public Task Calling_back_until_it_is_refused() => SweepAsync(
        async ground =>
        {
            await ground.CompleteAsync();
            ground.World.Receiver.Script = _ => new ReceiverAnswer(410);
        },
        (ground, process) => ground.World.DeliverAsync(ExportWays.Parleys, process),
        (_, _) => Task.CompletedTask,
        world =>
        {
            // After a crash before the refusal was stored, the next attempt meets a receiver that has changed its mind.
            var export = Assert.Single(world.Log.Exports);
            Assert.Contains(export.Row.CallbackStatus, new[] { CallbackStatus.Refused, CallbackStatus.Taken });
            Assert.True(export.Row.CallbackStatus == CallbackStatus.Taken || export.Deliveries == 1);
        });

    [Fact]
    public Task Delivering_again() => SweepAsync(
        async ground =>
        {
            await ground.CompleteAsync();
            await ground.World.DeliverAsync(ExportWays.Parleys, ground.World.Unscheduled());
        },
        async (ground, process) =>
        {
            await process.ExportRedelivery.DeliverAsync(ground.World.Tenants[0], "1", CancellationToken.None);
            await ground.World.DeliverAsync(ExportWays.Parleys, process);
        },
        (ground, process) => process.ExportRedelivery.DeliverAsync(ground.World.Tenants[0], "1", CancellationToken.None),
        world =>
        {
            var export = Assert.Single(world.Log.Exports);
            Assert.Equal(CallbackStatus.Taken, export.Row.CallbackStatus);
            Assert.InRange(export.Accepted, 2, 4);
        });

    [Fact]
    public Task Cancelling_one_that_has_not_begun() => SweepAsync(
        async ground => await ground.CreateAsync(ground.World.Unscheduled(), null), RemoveAsync, RemoveAsync, world => VerifyCancelled(world, ExportStatus.Cancelled));

    [Fact]
    public Task Cancelling_one_whose_file_is_being_written() => SweepAsync(ground => ground.BeginAsync(), RemoveAsync, RemoveAsync, world =>
    {
        VerifyCancelled(world, ExportStatus.Cancelled);
        Assert.Empty(world.Blobs.Names(ExportLog.Container));
    });

    [Fact]
    public Task Removing_the_file_before_the_callback() => SweepAsync(
        ground => ground.CompleteAsync(), RemoveAsync, RemoveAsync, world => VerifyCancelled(world, ExportStatus.Expired));

    [Fact]
    public Task The_timers_tick() => SweepAsync(
        async ground =>
        {
            await ground.CreateAsync(ground.World.Unscheduled(), null);
            await ground.CreateAsync(ground.World.Unscheduled(), null);
            while (ground.World.Queues.Take() is not null)
            {
                // Lost.
            }

            await Task.Delay(TimeSpan.FromSeconds(11), ground.World.Run.Time);
        },
        (_, process) => process.ExportDispatch.DispatchAsync(CancellationToken.None),
        (_, _) => Task.CompletedTask,
        world => Assert.Equal([1, 1], world.Log.Exports.Select(export => export.Accepted)));

    [Fact]
    public Task The_tick_in_which_the_files_time_is_over() => SweepAsync(
        async ground =>
        {
            await ground.CompleteAsync();
            await ground.World.DeliverAsync(ExportWays.Parleys, ground.World.Unscheduled());
            await ground.CreateAsync(ground.World.Unscheduled(), null);
            await RemoveAsync(ground, ground.World.Unscheduled(), "2");
            await Task.Delay(TimeSpan.FromDays(7) + TimeSpan.FromMinutes(1), ground.World.Run.Time);
        },
        (_, process) => process.ExportDispatch.DispatchAsync(CancellationToken.None),
        (_, _) => Task.CompletedTask,
        world => Assert.Equal([ExportStatus.Expired, ExportStatus.Cancelled], world.Log.Exports.Select(export => export.Row.Status)));

    private static Task RemoveAsync(Ground ground, ParleyProcess process) => RemoveAsync(ground, process, "1");

    private static async Task RemoveAsync(Ground ground, ParleyProcess process, string id) =>
        await process.ExportRemoval.RemoveAsync(ground.World.Tenants[0], id, CancellationToken.None);

    private static void VerifyCancelled(ExportWorld world, ExportStatus status)
    {
        var export = Assert.Single(world.Log.Exports);
        Assert.Equal((status, CallbackStatus.Cancelled, 0), (export.Row.Status, export.Row.CallbackStatus, export.Deliveries));
    }

    private async Task SweepAsync(
        Func<Ground, Task> prepare, Func<Ground, ParleyProcess, Task> act, Func<Ground, ParleyProcess, Task> again, Action<ExportWorld> verify, bool isResumedInTime = false)
    {
        var cases = 0;
        var calls = await CrashSweep.RunAsync(
            async (run, tables) =>
            {
                var world = new ExportWorld(run, tables);
                await world.BuildAsync();
                var ground = new Ground(world);
                await prepare(ground);
                return ground;
            },
            (ground, connection) => act(ground, ground.World.Process(connection, 1)),
            async (ground, connection) =>
            {
                cases++;
                var (world, process, killed) = (ground.World, ground.World.Process(connection, 2), ground.World.Run.Time.GetUtcNow());
                await again(ground, process);
                if (isResumedInTime)
                {
                    // Deliveries by the second, a tick by the minute, of which the first comes as late as it can.
                    for (var second = 0; second < Resumed.TotalSeconds; second++)
                    {
                        await Task.Delay(TimeSpan.FromSeconds(1), world.Run.Time);
                        await (second % 60 == 59 ? process.ExportDispatch.DispatchAsync(CancellationToken.None) : Task.CompletedTask);
                        await world.DeliverAsync(ExportWays.Parleys, process);
                    }

                    Assert.All(world.Log.Exports, export => Assert.True(export.Row.FinishedAt - killed <= Resumed, $"{export.Row.Status} at {export.Row.FinishedAt}, killed at {killed}."));
                }

                world.Run.DeliverLate();
                await world.CalmAsync(ExportWays.Parleys, process);
                await ground.MendAsync();
            },
            async (ground, _) =>
            {
                await ground.World.VerifyEndedAsync();
                verify(ground.World);
                await ground.World.ExpireAsync(ExportWays.Parleys, ground.World.Unscheduled("expiry"));
            },
            CrashSweep.CrashesAndLateCalls,
            seeds: 2,
            watch: ground => ground.World.Log.Note);
        output.WriteLine($"{calls} calls, {cases} cases.");
        Assert.True(calls > 1);
    }

    private sealed record Ground(ExportWorld World)
    {
        /// <summary>Of a range that is over, so that it is due at once.</summary>
        public async Task<Export> CreateAsync(ParleyProcess process, string? key)
        {
            var start = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
            var draft = new NewExport(start, start.AddMinutes(4), ExportWorld.CallbackUrl, ExportLanguage.PtBr, TableFormat.Jsonl);
            var (export, _) = await process.ExportCreation.CreateAsync(World.Tenants[0], draft, key is null ? null : IdempotencyKey.Create(key, ["1"]), CancellationToken.None);
            World.Told.Add(export);
            return export;
        }

        /// <summary>A completed one whose callback is to be delivered.</summary>
        public async Task CompleteAsync()
        {
            await CreateAsync(World.Unscheduled(), null);
            await World.HandleAsync(ExportWays.Parleys, World.Unscheduled(), World.Queues.Take()!);
        }

        /// <summary>One at whose file a process has begun; it has got as far as committing its blob.</summary>
        public async Task BeginAsync()
        {
            var (process, export) = (World.Unscheduled(), await CreateAsync(World.Unscheduled(), null));
            await using var lease = (await process.ExportLeases.TryTakeAsync((await process.Exports.FindAsync(export.Key, CancellationToken.None))!, CancellationToken.None))!;
            await using var blob = process.ExportFiles.Write(export, 1, () => { });
            await blob.WriteAsync("left"u8.ToArray());
            await blob.CompleteAsync(CancellationToken.None);
            await process.ExportFiles.CommitAsync(export, lease.Export.Claims, blob.BlockIds, CancellationToken.None);
        }

        /// <summary>A message that cannot be read.</summary>
        public async Task SpoilAsync() => await World.Unscheduled().Tables.Conversations.UpdateEntityAsync(SpoiledRow("text/spoiled"), ETag.All, TableUpdateMode.Merge);

        public async Task MendAsync() => await World.Unscheduled().Tables.Conversations.UpdateEntityAsync(SpoiledRow(1), ETag.All, TableUpdateMode.Merge);

        private TableEntity SpoiledRow(object role) => new(World.Conversations[0].PartitionKey, RowKeys.Message(1)) { ["Role"] = role };
    }
}
