using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;
using Parley.Tenants.Limits;

namespace Parley.Exports;

/// <summary>
/// Enqueues the steps of exports. The code that changes an export enqueues its next step; the timer enqueues every step
/// whose message is lost. A step may be enqueued twice: the lease decides which worker runs it.
/// </summary>
public sealed partial class ExportDispatch(
    Schedule schedule,
    ExportStore exports,
    ExportRemoval removal,
    IWorkQueue<ExportStep> queue,
    TimeProvider time,
    ILogger<ExportDispatch> logger)
{
    /// <summary>
    /// The time after a step's due time before the timer enqueues it: until then, its own message may be on its way.
    /// </summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>The delay of a message that is enqueued again because no slot was free.</summary>
    private static readonly TimeSpan SlotPause = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Limit of such requeues of a message. By then the timer has enqueued the step again; without a limit, every tick
    /// of the timer would add another message that is requeued for ever.
    /// </summary>
    private const int MaxWaits = 3;

    /// <summary>Rows that are processed at once.</summary>
    private const int Width = 16;

    /// <summary>
    /// Enqueues the next step after a change, if there is one. The step is stored already, so a failure is only logged
    /// and the client's cancellation has no effect: the timer finds the step.
    /// </summary>
    /// <param name="export">
    /// The export after the change. Other workers may have completed all its steps already.
    /// </param>
    internal Task EnqueueAsync(Export export) => export.DueAt is { } due
        ? SendAsync(ExportStep.Of(export), due - time.GetUtcNow(), export)
        : Task.CompletedTask;

    /// <summary>
    /// Runs a step within a limit. A step that is not due yet, or for which no slot is free, is enqueued again.
    /// </summary>
    internal async Task RunWithinLimitAsync(
        TenantConcurrencyLimiter limiter,
        Export export,
        ExportStep step,
        Func<Task> run,
        CancellationToken cancellation)
    {
        if (export.DueAt > time.GetUtcNow())
        {
            await EnqueueAsync(export);
        }
        else if (await limiter.TryTakeAsync(export.Key.Tenant, cancellation))
        {
            try
            {
                await run();
            }
            finally
            {
                limiter.Return(export.Key.Tenant);
            }
        }
        else
        {
            await RequeueAsync(export, step);
        }
    }

    /// <summary>
    /// Enqueues the message of a step again because no slot was free. After <see cref="MaxWaits"/> times it leaves the
    /// step to the timer.
    /// </summary>
    private Task RequeueAsync(Export export, ExportStep step) =>
        step.Waits < MaxWaits ? SendAsync(step with { Waits = step.Waits + 1 }, SlotPause, export) : Task.CompletedTask;

    /// <summary>
    /// Enqueues every due step that no worker runs, and removes every expired file. The timer calls it.
    /// </summary>
    /// <returns>The number of steps enqueued.</returns>
    public async Task<int> DispatchAsync(CancellationToken cancellation)
    {
        var queued = 0;
        var chunks = schedule.ReadDueAsync(ExportRowKeys.ScheduledExports, time.GetUtcNow(), cancellation)
            .Chunk(Filters.MaxPerCall);
        await foreach (var chunk in chunks.WithCancellation(cancellation))
        {
            var results = await Workers.RunAsync(chunk, Width, row => ProcessRowAsync(row, cancellation));
            queued += results.Count(isQueued => isQueued);
        }

        return queued;
    }

    private async Task SendAsync(ExportStep step, TimeSpan delay, Export export)
    {
        try
        {
            await queue.SendAsync(step, delay, CancellationToken.None);
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            LogLeftToTimer(logger, PrivateException.Of(e), export.Id);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification =
        "The failure of one export is logged and must not stop the others.")]
    private async Task<bool> ProcessRowAsync(ScheduledRow row, CancellationToken cancellation)
    {
        try
        {
            var (key, step, revision) = ExportRowKeys.ReadScheduledExport(row.RowKey);
            var export = await exports.FindAsync(key, cancellation);
            return step is { } number
                ? await ProcessStepAsync(row, number, revision, export, cancellation)
                : await ProcessExpiryAsync(row, export, cancellation);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            // A row that fails, even one that cannot be parsed, must not stop the others. The next tick reads it again.
            Telemetry.WorkFailed("export.schedule");
            LogRowFailed(logger, PrivateException.Of(e), row.PartitionKey, row.RowKey);
            return false;
        }
    }

    private async Task<bool> ProcessStepAsync(
        ScheduledRow row, int step, int? revision, Export? export, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (export is not null && ExportStore.ScheduledStep(export) is { } own && row.IsOf(own))
        {
            if (export.IsHeld(now) || export.DueAt + Grace > now)
            {
                return false;
            }

            await queue.SendAsync(ExportStep.Of(export), TimeSpan.Zero, cancellation);
            return true;
        }

        if (export is not null
            && (revision < export.Revision || step < export.Step || (step == export.Step && export.DueAt is null)))
        {
            // The step has another time or is completed. Neither a revision nor a step of an export ever decreases.
            await schedule.DropAsync(row, cancellation);
        }
        else
        {
            await DropIfStaleAsync(row, now, cancellation);
        }

        return false;
    }

    private async Task<bool> ProcessExpiryAsync(ScheduledRow row, Export? export, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (export is null || ExportStore.ScheduledExpiry(export) is not { } own || !row.IsOf(own))
        {
            await DropIfStaleAsync(row, now, cancellation);
        }
        else if (export.ExpiresAt <= now)
        {
            await removal.ExpireAsync(export, cancellation);
            await schedule.DropAsync(row, cancellation);
        }

        return false;
    }

    private Task DropIfStaleAsync(ScheduledRow row, DateTimeOffset now, CancellationToken cancellation) =>
        schedule.DropIfStaleAsync(row, row.Timestamp, now, cancellation);

    [LoggerMessage(1303, LogLevel.Warning,
        "The next step of export {Export} could not be queued; the timer finds it.")]
    private static partial void LogLeftToTimer(ILogger logger, Exception exception, Guid export);

    [LoggerMessage(1307, LogLevel.Error,
        "{Partition} / {Row} of the schedule could not be processed; the next tick tries again.")]
    private static partial void LogRowFailed(ILogger logger, Exception exception, string partition, string row);
}
