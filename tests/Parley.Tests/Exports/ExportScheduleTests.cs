using Parley.Core;
using Parley.Exports;
using Parley.Spreadsheets;
using Parley.Testing;
using Parley.Webhooks;
using Xunit;

namespace Parley.Tests.Exports;

/// <summary>
/// All deliveries of an export on a virtual clock, driven only by queue messages, and the export's row after each.
/// </summary>
public sealed class ExportScheduleTests
{
    private static readonly TimeSpan[] Plan =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2), TimeSpan.FromHours(5), TimeSpan.FromHours(10), TimeSpan.FromHours(10),
    ];

    [Fact]
    public Task Eight_attempts_at_their_times_and_then_none() => Interleaving.ExploreAsync(50, async run =>
    {
        var model = await CompletedAsync(run, _ => new ReceiverResponse(500));
        await RunQueueAsync(model);
        VerifyTimes(model.Receiver.Deliveries, Plan);
        var export = Assert.Single(model.Log.Exports);
        Assert.Equal((WebhookStatus.GivenUp, ExportStatus.Completed, 8), (export.Row.WebhookStatus, export.Row.Status, export.Row.Step));
        Assert.Single(model.Receiver.Deliveries.Select(delivery => delivery.Sending.WebhookId).Distinct());

        // The row contains each attempt.
        var stored = await model.Unscheduled().Exports.GetAsync(model.Tenants[0], "1", CancellationToken.None);
        Assert.Equal(Enumerable.Range(1, 8), stored.WebhookAttempts.Select(attempt => attempt.Number));
        Assert.All(stored.WebhookAttempts.Zip(model.Receiver.Deliveries), pair => Assert.Equal((pair.Second.At, 500, null), (pair.First.At, pair.First.Status!.Value, pair.First.Failure)));
        model.Log.Verify();
    });

    [Fact]
    public Task Failures_without_a_response_count_like_others() => Interleaving.RunAsync(2, async run =>
    {
        var failures = new[] { WebhookFailure.TimedOut, WebhookFailure.ConnectionLost, WebhookFailure.RefusedAddress };
        var model = await CompletedAsync(run, delivery => delivery <= 3 ? new(null, failures[delivery - 1]) : new(302));
        await RunQueueAsync(model);
        VerifyTimes(model.Receiver.Deliveries, Plan);
        var stored = await model.Unscheduled().Exports.GetAsync(model.Tenants[0], "1", CancellationToken.None);
        Assert.Equal(failures, stored.WebhookAttempts.Take(3).Select(attempt => attempt.Failure!.Value));
        Assert.Equal(WebhookStatus.GivenUp, stored.WebhookStatus);
    });

    [Fact]
    public Task Retry_after_can_lengthen_a_pause_but_not_shorten_it() => Interleaving.ExploreAsync(20, async run =>
    {
        var requested = new[] { TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1), TimeSpan.FromHours(1), TimeSpan.FromDays(3), TimeSpan.Zero, TimeSpan.FromHours(9), TimeSpan.FromHours(10) };
        var model = await CompletedAsync(run, delivery => new ReceiverResponse(429, null, delivery <= requested.Length ? requested[delivery - 1] : null));
        await RunQueueAsync(model);
        VerifyTimes(model.Receiver.Deliveries, [requested[0], Plan[1], requested[2], TimeSpan.FromHours(10), Plan[4], Plan[5], Plan[6]]);
    });

    [Theory]
    [InlineData(200, WebhookStatus.Taken)]
    [InlineData(299, WebhookStatus.Taken)]
    [InlineData(410, WebhookStatus.Refused)]
    public Task A_final_response_ends_the_deliveries_at_any_attempt(int status, WebhookStatus end) => Interleaving.RunAsync(3, async run =>
    {
        for (var last = 1; last <= WebhookSchedule.MaxAttempts; last++)
        {
            var model = await CompletedAsync(run, delivery => new ReceiverResponse(delivery < last ? 503 : status));
            await RunQueueAsync(model);
            Assert.Equal((last, end), (model.Receiver.Deliveries.Count, Assert.Single(model.Log.Exports).Row.WebhookStatus));
        }
    });

    [Fact]
    public Task A_new_round_has_eight_attempts_of_its_own_and_the_same_id() => Interleaving.RunAsync(4, async run =>
    {
        var model = await CompletedAsync(run, _ => new ReceiverResponse(500));
        for (var round = 1; round <= 3; round++)
        {
            await RunQueueAsync(model);
            VerifyTimes(model.Receiver.Deliveries.Skip(8 * (round - 1)), Plan);
            Assert.Equal((8 * round, WebhookStatus.GivenUp), (model.Receiver.Deliveries.Count, Assert.Single(model.Log.Exports).Row.WebhookStatus));
            await Task.Delay(TimeSpan.FromMinutes(1), run.Time);
            await model.Unscheduled().ExportRedelivery.DeliverAsync(model.Tenants[0], "1", CancellationToken.None);
        }

        Assert.Single(model.Receiver.Deliveries.Select(delivery => delivery.Sending.WebhookId).Distinct());
        var stored = await model.Unscheduled().Exports.GetAsync(model.Tenants[0], "1", CancellationToken.None);
        Assert.Equal(Enumerable.Range(9, 16), stored.WebhookAttempts.Select(attempt => attempt.Number));
        model.Log.Verify();
    });

    [Fact]
    public Task A_round_requested_during_another_begins_now() => Interleaving.RunAsync(5, async run =>
    {
        var model = await CompletedAsync(run, _ => new ReceiverResponse(500));
        while (model.Receiver.Deliveries.Count < 5)
        {
            await NextAsync(model);
        }

        await Task.Delay(TimeSpan.FromMinutes(10), run.Time);
        var requestedAt = run.Time.GetUtcNow();
        await model.Unscheduled().ExportRedelivery.DeliverAsync(model.Tenants[0], "1", CancellationToken.None);
        await RunQueueAsync(model);
        Assert.Equal(requestedAt, model.Receiver.Deliveries[5].At);
        VerifyTimes(model.Receiver.Deliveries.Skip(5), Plan);
    });

    [Fact]
    public Task A_round_requested_during_an_attempt_begins_with_that_attempt() => Interleaving.RunAsync(6, async run =>
    {
        var model = await CompletedAsync(run, _ => new ReceiverResponse(500));
        while (model.Receiver.Deliveries.Count < 3)
        {
            await NextAsync(model);
        }

        // During the fourth attempt, before its response, a client requests a new round.
        Task? requesting = null;
        model.Receiver.Script = delivery =>
        {
            requesting ??= model.Unscheduled().ExportRedelivery.DeliverAsync(model.Tenants[0], "1", CancellationToken.None);
            return new ReceiverResponse(500);
        };
        await RunQueueAsync(model);
        await requesting!;
        Assert.Equal(3 + 8, model.Receiver.Deliveries.Count);
        VerifyTimes(model.Receiver.Deliveries.Skip(3), Plan);
        Assert.Equal(WebhookStatus.GivenUp, Assert.Single(model.Log.Exports).Row.WebhookStatus);
        model.Log.Verify();
    });

    [Fact]
    public Task Attempts_that_end_without_a_result_count_as_failed_after_five_of_them() => Interleaving.RunAsync(7, async run =>
    {
        var model = await CompletedAsync(run, _ => new ReceiverResponse(500));
        for (var i = 0; i < 5; i++)
        {
            var process = model.Unscheduled($"dying {i}", hooks: new TableHooks { Fault = call => call.Foreign is { Service: "receiver" } ? Fault.CrashBefore : Fault.None });
            await Assert.ThrowsAsync<CrashException>(() => process.ExportWebhookJob.RunAsync(new ExportStep(1, 1, 1), CancellationToken.None));
            await Task.Delay(ExportLease.Length, run.Time);
        }

        await model.Unscheduled().ExportWebhookJob.RunAsync(new ExportStep(1, 1, 1), CancellationToken.None);
        Assert.Empty(model.Receiver.Deliveries);
        var stored = await model.Unscheduled().Exports.GetAsync(model.Tenants[0], "1", CancellationToken.None);
        Assert.Equal((1, WebhookFailure.Interrupted, 2), (stored.WebhookAttempts[0].Number, stored.WebhookAttempts[0].Failure!.Value, stored.Step));
        Assert.InRange(stored.DueAt!.Value - run.Time.GetUtcNow(), Plan[0], Plan[0] * 1.2);
    });

    [Fact]
    public Task Five_storage_failures_at_their_times_end_the_export_and_the_receiver_is_notified() => Interleaving.RunAsync(9, async run =>
    {
        var model = new ExportModel(run, new StrictTables(run.Time));
        await model.BuildAsync();
        var begun = new List<DateTimeOffset>();
        var process = model.Unscheduled("no commit", hooks: new TableHooks { Fault = call => call.Foreign is { Operation: "PutBlockList" } ? Begun() : Fault.None });
        await process.ExportCreation.CreateAsync(
            model.Tenants[0], new NewExport(null, run.Time.GetUtcNow().AddMinutes(-1), ExportModel.CallbackUrl, Language.EnUs, TableFormat.Csv), null, CancellationToken.None);
        while (model.Queues.NextAt is { } next)
        {
            await Task.Delay(next > run.Time.GetUtcNow() ? next - run.Time.GetUtcNow() : TimeSpan.Zero, run.Time);
            await model.DeliverAsync(ExportOperations.Production, process);
        }

        Assert.Equal([5, 15, 45, 135], begun.Zip(begun.Skip(1), (before, after) => (int)(after - before).TotalSeconds));
        var row = Assert.Single(model.Log.Exports).Row;
        Assert.Equal((ExportStatus.Failed, ExportReasons.StorageUnavailable, WebhookStatus.Taken), (row.Status, row.Reason, row.WebhookStatus));
        Assert.Equal("Attempt 5 of 5 ended with RequestFailedException.", row.Detail);
        Assert.Contains("\"storage_unavailable\"", System.Text.Encoding.UTF8.GetString(Assert.Single(model.Receiver.Deliveries).Body), StringComparison.Ordinal);
        await model.ExpireAsync(ExportOperations.Production, process);
        Assert.Equal(ExportStatus.Failed, Assert.Single(model.Log.Exports).Row.Status);

        Fault Begun()
        {
            begun.Add(run.Time.GetUtcNow());
            return Fault.Busy;
        }
    });

    [Fact]
    public Task A_process_that_loses_its_lease_does_not_change_the_export() => Interleaving.RunAsync(10, async run =>
    {
        var model = new ExportModel(run, new StrictTables(run.Time));
        await model.BuildAsync();
        await Task.Delay(TimeSpan.FromMinutes(10), run.Time);

        // Its clock is behind, so that others consider its lease expired. Before it commits its blob, another process
        // has written the file and delivered the webhook.
        var (other, overtaking) = (model.Unscheduled("other"), (Task?)null);
        var behind = model.Unscheduled("behind", TimeSpan.FromMinutes(-5), new TableHooks
        {
            Fault = call =>
            {
                overtaking ??= call.Foreign is { Operation: "PutBlockList" } ? OvertakeAsync() : null;
                return Fault.None;
            },
        });
        await behind.ExportCreation.CreateAsync(
            model.Tenants[0], new NewExport(null, run.Time.GetUtcNow().AddMinutes(-6), ExportModel.CallbackUrl, Language.EnUs, TableFormat.Csv), null, CancellationToken.None);
        await model.HandleAsync(ExportOperations.Production, behind, model.Queues.Take()!);
        await overtaking!;
        var export = Assert.Single(model.Log.Exports);
        Assert.Equal((ExportFiles.SharedBlob, WebhookStatus.Taken, 2), (export.Row.FileAttempt!.Value, export.Row.WebhookStatus, export.FileTakes.Count));
        Assert.Equal([ExportLog.FileName(export.Row)], model.Blobs.Names(ExportLog.Container));
        await model.ReachQuiescenceAsync(ExportOperations.Production, other);
        await model.VerifyEndedAsync();
        Assert.Single(model.Receiver.Deliveries);
        await model.ExpireAsync(ExportOperations.Production, other);

        async Task OvertakeAsync()
        {
            await other.ExportFileJob.RunAsync(new ExportStep(1, 1, 0), CancellationToken.None);
            await other.ExportWebhookJob.RunAsync(new ExportStep(1, 1, 1), CancellationToken.None);
        }
    });

    [Fact]
    public Task An_export_that_ends_before_its_creation_is_acknowledged_is_acknowledged() => Interleaving.RunAsync(8, async run =>
    {
        var model = new ExportModel(run, new StrictTables(run.Time));
        await model.BuildAsync();

        // The response to the transaction is lost. Before its outcome is checked, an instance whose clock is ahead
        // finishes the export.
        var (ahead, isLost) = (model.Unscheduled("ahead", TimeSpan.FromMinutes(1)), false);
        var process = model.Unscheduled("creating", hooks: new TableHooks { Fault = call => call.Kind == TableCallKind.Transaction && !isLost && (isLost = true) ? Fault.LostAfter : Fault.None });
        var creating = process.ExportCreation.CreateAsync(
            model.Tenants[0], new NewExport(null, run.Time.GetUtcNow().AddMinutes(-1), ExportModel.CallbackUrl, Language.EnUs, TableFormat.Jsonl), null, CancellationToken.None);
        Assert.True(isLost && !creating.IsCompleted);
        await ahead.ExportDispatch.DispatchAsync(CancellationToken.None);
        await model.DeliverAsync(ExportOperations.Production, ahead);
        Assert.Single(model.Receiver.Deliveries);
        var (export, _) = await creating;
        Assert.Equal((1, ExportStatus.Completed, WebhookStatus.Taken), (export.Key.Number, export.Status, export.WebhookStatus));
        model.Log.Verify();
    });

    /// <summary>An export whose first delivery is due.</summary>
    private static async Task<ExportModel> CompletedAsync(Simulation run, Func<int, ReceiverResponse> script)
    {
        var model = new ExportModel(run, new StrictTables(run.Time));
        await model.BuildAsync();
        model.Receiver.Script = script;
        var process = model.Unscheduled();
        await process.ExportCreation.CreateAsync(
            model.Tenants[0],
            new NewExport(null, run.Time.GetUtcNow().AddMinutes(-1), ExportModel.CallbackUrl, Language.EnUs, TableFormat.Jsonl),
            null,
            CancellationToken.None);
        await model.HandleAsync(ExportOperations.Production, process, model.Queues.Take()!);
        Assert.NotNull(Assert.Single(model.Log.Exports).File);
        return model;
    }

    private static async Task RunQueueAsync(ExportModel model)
    {
        while (model.Queues.NextAt is not null)
        {
            await NextAsync(model);
        }
    }

    private static async Task NextAsync(ExportModel model)
    {
        var left = model.Queues.NextAt!.Value - model.Run.Time.GetUtcNow();
        await Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, model.Run.Time);
        await model.DeliverAsync(ExportOperations.Production, model.Unscheduled());
    }

    /// <summary>Never early, at most a fifth late, plus the queue's resolution of one second.</summary>
    private static void VerifyTimes(IEnumerable<Delivery> deliveries, TimeSpan[] least)
    {
        var times = deliveries.Select(delivery => delivery.At).ToList();
        Assert.Equal(least.Length + 1, times.Count);
        Assert.All(times.Zip(times.Skip(1), (before, after) => after - before).Zip(least), pause =>
            Assert.InRange(pause.First, pause.Second, (pause.Second * (1 + WebhookSchedule.Jitter)) + TimeSpan.FromSeconds(1.1)));
    }
}
