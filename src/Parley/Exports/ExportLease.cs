using System.Diagnostics.CodeAnalysis;
using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;

namespace Parley.Exports;

/// <summary>
/// The right to do one step of an export, kept in its row: nobody else begins the step before the lease's time is over. It is renewed while the work
/// goes on, with signs of how far that is. It saves double work; what counts is the row's ETag, under which the step is concluded.
/// </summary>
public sealed partial class ExportLease : IAsyncDisposable
{
    /// <summary>How long it holds. After a crash so long, and a tick of the timer, nothing happens.</summary>
    public static readonly TimeSpan Length = TimeSpan.FromSeconds(20);

    /// <summary>How often it is renewed: one renewal may fail.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(7);

    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    private readonly ExportLeases leases;
    private readonly CancellationTokenSource lost;
    private readonly CancellationTokenSource done = new();
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private Task renewing = Task.CompletedTask;

    internal ExportLease(ExportLeases leases, Export export, TimeProvider time, ILogger logger, CancellationToken cancellation)
    {
        (this.leases, Export, this.time, this.logger) = (leases, export, time, logger);
        lost = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
    }

    /// <summary>The export as this lease has last written it.</summary>
    public Export Export { get; private set; }

    /// <summary>Ends with the lease, or with the work itself.</summary>
    public CancellationToken Lost => lost.Token;

    /// <summary>Whether it is somebody else's, or nobody's.</summary>
    public bool IsLost => lost.IsCancellationRequested || !Export.IsHeld(time.GetUtcNow());

    /// <summary>Renews it from now on until it is disposed.</summary>
    /// <param name="progress">The export with what is known of its file so far.</param>
    public void KeepRenewing(Func<Export, Export> progress) => renewing = RenewAsync(progress);

    /// <summary>Stops renewing, so that nothing but the conclusion writes the row.</summary>
    public async Task StopAsync()
    {
        // Not CancelAsync, which goes through the thread pool, where no simulated run can follow it.
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
            await Task.Delay(pause, time, done.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
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
                // Whether it was written or not: the conclusion reads the row again when it has another ETag.
                return;
            }
            catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
            {
                if (!Export.IsHeld(time.GetUtcNow()))
                {
                    lost.Cancel();
                    return;
                }

                LogNotRenewed(logger, Export.Id, e.Message);
                pause = RetryInterval;
            }
            catch (Exception e)
            {
                // Nobody waits for this task before the work is over: the work must learn of it.
                LogLost(logger, e, Export.Id);
                lost.Cancel();
                return;
            }
        }
    }

    [LoggerMessage(1309, LogLevel.Error, "The lease of export {Export} could not be renewed, and is given up.")]
    private static partial void LogLost(ILogger logger, Exception exception, Guid export);

    [LoggerMessage(1302, LogLevel.Warning, "The lease of export {Export} could not be renewed, and is tried again: {Why}")]
    private static partial void LogNotRenewed(ILogger logger, Guid export, string why);
}

/// <summary>Gives out leases.</summary>
public sealed class ExportLeases(ParleyTables tables, ExportStore exports, TimeProvider time, RandomSource random, ILogger<ExportLeases> logger)
{
    /// <summary>Begins the next step of an export, if it is due and nobody works on it.</summary>
    /// <param name="export">As it was last read.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>Null when somebody else was faster, or may have been.</returns>
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
        return await WriteAsync(taken, cancellation) is { } written ? new ExportLease(this, written, time, logger, cancellation) : null;
    }

    /// <summary>Makes a lease longer.</summary>
    /// <returns>Null when it is lost.</returns>
    internal Task<Export?> RenewAsync(Export export, CancellationToken cancellation) =>
        WriteAsync(export with { LeaseUntil = time.NowInMilliseconds() + ExportLease.Length }, cancellation);

    /// <summary>Not a change of the export: what clients changed meanwhile must not be taken for this write, nor this for theirs.</summary>
    private async Task<Export?> WriteAsync(Export export, CancellationToken cancellation)
    {
        try
        {
            var response = await tables.Tenants.UpdateEntityAsync(ExportRow.Create(export), export.ETag, TableUpdateMode.Replace, cancellation);
            return export with { ETag = response.Headers.ETag!.Value };
        }
        catch (RequestFailedException e) when (e.IsPreconditionFailed())
        {
            // By somebody else; or by this very write, whose answer was lost and which the storage client sent again.
            // Whoever concludes the step or takes it over clears or changes the lease's id.
            return await exports.FindAsync(export.Key, cancellation) is { } there && there.LeaseId == export.LeaseId ? there : null;
        }
    }
}
