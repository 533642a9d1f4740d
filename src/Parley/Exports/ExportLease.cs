using System.Diagnostics.CodeAnalysis;
using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;

namespace Parley.Exports;

/// <summary>
/// The right of one worker to run a step of an export, stored in the export's row: no other worker begins the step
/// before the lease expires. The worker renews it, with the progress so far. The lease only avoids duplicate work:
/// correctness depends on the row's ETag, under which the result of the step is written.
/// </summary>
public sealed partial class ExportLease : IAsyncDisposable
{
    /// <summary>
    /// The time from a renewal to the expiry. After a crash, nothing happens for this long and up to a tick of the
    /// timer.
    /// </summary>
    public static readonly TimeSpan Length = TimeSpan.FromSeconds(20);

    /// <summary>The time between renewals: one renewal may fail before the lease expires.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(7);

    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    /// <summary>The time before a renewal at which the checkpoint that it stores is due.</summary>
    private static readonly TimeSpan CheckpointLead = TimeSpan.FromSeconds(2);

    private readonly ExportLeaseStore leases;
    private readonly CancellationTokenSource lost;
    private readonly CancellationTokenSource done = new();
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private Task renewing = Task.CompletedTask;

    // In ticks, because the worker reads it while this class renews the lease.
    private long checkpointDue = long.MaxValue;

    internal ExportLease(
        ExportLeaseStore leases, Export export, TimeProvider time, ILogger logger, CancellationToken cancellation)
    {
        (this.leases, Export, this.time, this.logger) = (leases, export, time, logger);
        lost = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
    }

    /// <summary>The export as last written under this lease.</summary>
    public Export Export { get; private set; }

    /// <summary>Cancelled when the lease is lost or when the work itself is cancelled.</summary>
    public CancellationToken Lost => lost.Token;

    /// <summary>True when another worker has the lease, when it has expired, or when the work was cancelled.</summary>
    public bool IsLost => lost.IsCancellationRequested || !Export.IsHeld(time.GetUtcNow());

    /// <summary>
    /// True once before each renewal: what the worker stores now, the renewal writes to the row.
    /// </summary>
    public bool WantsCheckpoint() =>
        time.GetUtcNow().UtcTicks is var now
        && Interlocked.Read(ref checkpointDue) is var due
        && now >= due
        && Interlocked.CompareExchange(ref checkpointDue, long.MaxValue, due) == due;

    /// <summary>Renews the lease from now on until <see cref="StopAsync"/> or disposal.</summary>
    /// <param name="progress">Returns the export with the progress of its file so far.</param>
    public void KeepRenewing(Func<Export, Export> progress) => renewing = RenewAsync(progress);

    /// <summary>Stops renewing, so that only the write of the result changes the row.</summary>
    public async Task StopAsync()
    {
        // Not CancelAsync: it uses the thread pool, which the simulated runs of the tests do not control.
        done.Cancel();
        await renewing;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        done.Dispose();
        lost.Dispose();
    }

    [SuppressMessage("Design", "CA1031", Justification = "It is logged, and ends the lease.")]
    private async Task RenewAsync(Func<Export, Export> progress)
    {
        var pause = Interval;
        while (true)
        {
            Interlocked.Exchange(ref checkpointDue, (time.GetUtcNow() + pause - CheckpointLead).UtcTicks);
            await Task.Delay(pause, time, done.Token).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            if (done.IsCancellationRequested)
            {
                return;
            }

            try
            {
                if (await leases.RenewAsync(progress(Export), done.Token) is not { } renewed)
                {
                    lost.Cancel();
                    return;
                }

                (Export, pause) = (renewed, Interval);
            }
            catch (OperationCanceledException) when (done.IsCancellationRequested)
            {
                // The renewal may or may not be stored. The write of the result reads the row again if its ETag
                // changed.
                return;
            }
            catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
            {
                if (!Export.IsHeld(time.GetUtcNow()))
                {
                    lost.Cancel();
                    return;
                }

                LogNotRenewed(logger, Export.Id, PrivateException.Describe(e));
                pause = RetryInterval;
            }
            catch (Exception e)
            {
                // No code awaits this task before the work ends, so the work is cancelled instead.
                Telemetry.WorkFailed("export.lease");
                LogLost(logger, PrivateException.Of(e), Export.Id);
                lost.Cancel();
                return;
            }
        }
    }

    [LoggerMessage(1309, LogLevel.Error,
        "The lease of export {Export} could not be renewed and is abandoned.")]
    private static partial void LogLost(ILogger logger, Exception exception, Guid export);

    [LoggerMessage(1302, LogLevel.Warning,
        "The lease of export {Export} could not be renewed; the renewal is tried again: {Why}")]
    private static partial void LogNotRenewed(ILogger logger, Guid export, string why);
}

/// <summary>Takes and renews leases.</summary>
public sealed class ExportLeaseStore(
    ParleyTables tables,
    ExportStore exports,
    TimeProvider time,
    RandomSource random,
    ILogger<ExportLeaseStore> logger)
{
    /// <summary>
    /// Takes the lease on the next step. The caller has checked that the step is due and that no worker has a lease.
    /// </summary>
    /// <param name="export">The export as last read.</param>
    /// <param name="cancellation">Also ends the work under the lease.</param>
    /// <returns>Null when another writer changed the row first, or may have done so.</returns>
    /// <exception cref="RequestFailedException">Storage failed.</exception>
    internal async Task<ExportLease?> TryTakeAsync(Export export, CancellationToken cancellation)
    {
        var now = time.NowInMilliseconds();
        var taken = export with
        {
            Status = export.Step == 0 ? ExportStatus.Running : export.Status,
            StartedAt = export.StartedAt ?? now,
            AttemptsStarted = export.AttemptsStarted + 1,
            LeaseId = random.NextWriteId(),
            LeaseUntil = now + ExportLease.Length,
        };
        return await WriteAsync(taken, cancellation) is { } written
            ? new ExportLease(this, written, time, logger, cancellation)
            : null;
    }

    /// <returns>Null when the lease is lost.</returns>
    internal Task<Export?> RenewAsync(Export export, CancellationToken cancellation) =>
        WriteAsync(export with { LeaseUntil = time.NowInMilliseconds() + ExportLease.Length }, cancellation);

    /// <summary>
    /// Writes the row without a new revision or edit id: a concurrent change by a client must not be mistaken for this
    /// write, nor this write for such a change.
    /// </summary>
    private async Task<Export?> WriteAsync(Export export, CancellationToken cancellation)
    {
        try
        {
            var response = await tables.Tenants.UpdateEntityAsync(
                ExportRow.Create(export), export.ETag, TableUpdateMode.Replace, cancellation);
            return export with { ETag = response.Headers.ETag!.Value };
        }
        catch (RequestFailedException e) when (e.IsPreconditionFailed())
        {
            // Another writer changed the row; or this write is stored, its response was lost, and the storage client
            // sent it again. A worker that writes the step's result clears the lease's id, and one that takes the step
            // over changes it. So the lease is still held if the row has this id.
            return await exports.FindAsync(export.Key, cancellation) is { } stored && stored.LeaseId == export.LeaseId
                ? stored
                : null;
        }
    }
}
