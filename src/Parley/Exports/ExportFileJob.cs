using System.Diagnostics.CodeAnalysis;
using Azure;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Spreadsheets;
using Parley.Storage;
using Parley.Tenants.Limits;

namespace Parley.Exports;

/// <summary>
/// Writes the files of exports. Queue messages are hints: they may arrive twice, early, late or never. The worker with
/// the lease writes the blob, and one change of the export's row, which names the blob, completes the export. A file is
/// therefore either complete or absent. With each renewal of the lease, the row states how much of a csv or jsonl file
/// is stored; if the worker ends, the next one goes on from there.
/// </summary>
public sealed partial class ExportFileJob(
    ExportStore exports,
    ExportLeaseStore leases,
    ExportFiles files,
    ExportContents contents,
    ExportDispatch dispatch,
    ExportOptions options,
    TimeProvider time,
    ILogger<ExportFileJob> logger)
{
    /// <summary>
    /// Maximum attempts at a file of which none stored more of it; after the last one the export fails.
    /// </summary>
    public const int MaxAttempts = 5;

    /// <summary>From this attempt on, a failure is more than a passing one, and an alert reports it.</summary>
    private const int AlarmingAttempt = 3;

    /// <summary>Files that a process writes at once, each for a different tenant.</summary>
    private const int FilesAtOnce = 2;

    /// <summary>
    /// The time after the expiry of the last attempt's lease at which that attempt has certainly ended: clocks may
    /// differ by five minutes, and an export that fails here cannot be resumed.
    /// </summary>
    private static readonly TimeSpan CertainlyOver = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(5);

    private readonly TenantConcurrencyLimiter limiter = new(FilesAtOnce, perTenant: 1, time);

    /// <summary>Writes the file of a message's export, unless there is one or another worker writes it.</summary>
    public async Task RunAsync(ExportStep step, CancellationToken cancellation)
    {
        if (await exports.FindAsync(step.Key, cancellation) is not { DueAt: not null, Step: 0 } export
            || export.IsHeld(time.GetUtcNow()))
        {
            // The step is completed, or another worker has the lease.
            return;
        }

        await dispatch.RunWithinLimitAsync(limiter, export, step, () => RunAsync(export, cancellation), cancellation);
    }

    private async Task RunAsync(Export export, CancellationToken cancellation)
    {
        if (export.AttemptsStarted >= MaxAttempts)
        {
            // Every attempt ended without a result, the last one too. Until the last one has certainly ended, the timer
            // enqueues the step again.
            var hasEnded = await EndAsync(
                export,
                current => current.AttemptsStarted == export.AttemptsStarted
                    && !current.IsHeld(time.GetUtcNow() - CertainlyOver),
                ExportReasons.Interrupted,
                $"The {MaxAttempts} processes that began the file ended before it was whole.",
                cancellation);
            if (hasEnded)
            {
                Telemetry.WorkFailed("export.interrupted");
                LogInterrupted(logger, export.AttemptsStarted, MaxAttempts, export.Id);
            }

            return;
        }

        await using var lease = await leases.TryTakeAsync(export, cancellation);
        if (lease is not null)
        {
            await RunAsync(lease, cancellation);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "It is logged, counted, and the file is begun again.")]
    private async Task RunAsync(ExportLease lease, CancellationToken cancellation)
    {
        using var span = Telemetry.Start("write export file", lease.Export.Trace);
        var attempt = lease.Export.AttemptsStarted;
        try
        {
            var file = await WriteAsync(lease);
            await lease.StopAsync();
            await CompleteAsync(lease.Export, file, isFirst: attempt == 1, cancellation);
        }
        catch (Exception e) when (lease.IsLost && !cancellation.IsCancellationRequested)
        {
            // A client cancelled the export, or this attempt lost its lease and another worker began a new attempt. The
            // blob of this attempt is never read.
            Telemetry.ExportAttempted("abandoned");
            LogLost(logger, lease.Export.Id, attempt, e.GetType().Name);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            Telemetry.ExportAttempted("failed");
            Telemetry.WorkFailed(attempt < AlarmingAttempt ? "export.file" : "export.file_last");
            LogFailed(logger, PrivateException.Of(e), lease.Export.Id, attempt, MaxAttempts);
            await lease.StopAsync();
            await RetryAsync(lease.Export, lease.Export.AttemptsStarted, e, cancellation);
        }
    }

    private async Task<WrittenFile> WriteAsync(ExportLease lease)
    {
        var export = lease.Export;
        var content = await contents.OpenAsync(export, lease.Lost);
        await using var blob = await files.OpenAsync(export, ThrowIfLost, lease.Lost);
        await using var table = blob.Start is { } start
            ? TableWriter.Continue(export.Format, content.Columns, blob.Blocks, start.Counts)
            : TableWriter.Create(export.Format, content.Columns, blob.Blocks);
        var checkpoint = blob.Start;
        lease.KeepRenewing(Progress);
        await foreach (var position in content.WriteAsync(table, blob.Start?.Position, lease.Lost))
        {
            if (blob.IsResumable && lease.WantsCheckpoint())
            {
                checkpoint = await blob.CheckpointAsync(table, position, lease.Lost);
            }
        }

        await table.CompleteAsync(lease.Lost);
        var sha256 = await blob.Blocks.CompleteAsync(lease.Lost);
        ThrowIfLost();
        await blob.CommitAsync(lease.Lost);
        return new WrittenFile(
            table.Rows,
            table.Bytes,
            sha256,
            table.RemovedCharacters,
            table.CutCharacters,
            ExportFiles.AttemptOfBlob(export));

        // The attempt that stores more of the file is the first of the next ones without a result.
        Export Progress(Export current) => current with
        {
            Rows = table.Rows,
            Bytes = table.Bytes,
            Checkpoint = checkpoint,
            AttemptsStarted = checkpoint?.Counts.Rows > (blob.Start?.Counts.Rows ?? 0) ? 1 : current.AttemptsStarted,
        };

        void ThrowIfLost()
        {
            if (lease.IsLost)
            {
                throw new OperationCanceledException("The lease is lost.");
            }
        }
    }

    private async Task CompleteAsync(
        Export export, WrittenFile file, bool isFirst, CancellationToken cancellation)
    {
        var (now, isHeld) = (time.NowInMilliseconds(), false);
        var completed = await exports.ChangeAsync(
            export,
            isLatest: true,
            current =>
            {
                isHeld = current.LeaseId == export.LeaseId;
                return !isHeld
                    ? current
                    : current.ToFirstWebhookAttempt(now, options.Keep) with
                    {
                        Status = ExportStatus.Completed,
                        Rows = file.Rows,
                        Bytes = file.Bytes,
                        Sha256 = file.Sha256,
                        RemovedCharacters = file.Removed,
                        CutCharacters = file.Cut,
                        FileAttempt = file.Attempt,
                    };
            },
            cancellation);
        if (!isHeld)
        {
            Telemetry.ExportAttempted("abandoned");

            // The export was cancelled, or another attempt began, after the last block. Only the blob of this attempt
            // is deleted, because other workers may be writing theirs.
            await CleanAsync(completed, () => files.DeleteAbandonedAsync(completed, file.Attempt, cancellation));
            return;
        }

        Telemetry.ExportAttempted("completed");
        Telemetry.ExportCompleted(
            completed.Format.ToString().ToLowerInvariant(), completed.Rows, now - completed.CreatedAt);
        await dispatch.EnqueueAsync(completed);
        if (!isFirst)
        {
            await CleanAsync(completed, () => files.DeleteRestAsync(completed, cancellation));
        }
    }

    private async Task CleanAsync(Export export, Func<Task> clean)
    {
        try
        {
            await clean();
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            // Best-effort clean-up: blobs that are left are removed when the export expires.
            LogBlobsLeft(logger, PrivateException.Of(e), export.Id);
        }
    }

    private async Task RetryAsync(Export export, int attempt, Exception failure, CancellationToken cancellation)
    {
        if (attempt >= MaxAttempts)
        {
            var isStorageFailure = StorageErrors.IsOutcomeUnknown(failure, cancellation)
                || failure is RequestFailedException or ParleyException;
            var reason = isStorageFailure
                ? ExportReasons.StorageUnavailable
                : ExportReasons.InternalError;
            await EndAsync(
                export,
                current => current.LeaseId == export.LeaseId,
                reason,
                $"Attempt {attempt} of {MaxAttempts} ended with {failure.GetType().Name}.",
                cancellation);
            return;
        }

        var now = time.NowInMilliseconds();
        var waiting = await exports.ChangeAsync(
            export,
            isLatest: true,
            current => current.LeaseId == export.LeaseId
                ? current with
                {
                    Status = ExportStatus.Pending,
                    DueAt = now + (FirstRetry * Math.Pow(3, attempt - 1)),
                    LeaseId = null,
                    LeaseUntil = null,
                }
                : current,
            cancellation);
        if (waiting is { DueAt: not null, LeaseId: null })
        {
            await dispatch.EnqueueAsync(waiting);
        }
    }

    /// <summary>
    /// Fails the export and enqueues its webhook, if <paramref name="isOver"/> holds for the stored row.
    /// </summary>
    private async Task<bool> EndAsync(
        Export export,
        Func<Export, bool> isOver,
        string reason,
        string detail,
        CancellationToken cancellation)
    {
        var now = time.NowInMilliseconds();
        var ended = await exports.ChangeAsync(
            export,
            isLatest: true,
            current => current.IsUnfinished && isOver(current)
                ? current.ToFirstWebhookAttempt(now, options.Keep) with
                {
                    Status = ExportStatus.Failed,
                    Reason = reason,
                    Detail = detail,
                }
                : current,
            cancellation);
        if (ended is not { Status: ExportStatus.Failed, DueAt: not null })
        {
            return false;
        }

        await dispatch.EnqueueAsync(ended);
        return true;
    }

    /// <param name="Attempt">The number in the name of the blob.</param>
    private sealed record WrittenFile(
        long Rows, long Bytes, string Sha256, long Removed, long Cut, int Attempt);

    [LoggerMessage(1308, LogLevel.Warning,
        "Unused blobs of export {Export} were left behind; they are deleted when it expires.")]
    private static partial void LogBlobsLeft(ILogger logger, Exception exception, Guid export);

    [LoggerMessage(1304, LogLevel.Information,
        "Attempt {Attempt} at the file of export {Export} is abandoned, because its lease is lost: {Why}")]
    private static partial void LogLost(ILogger logger, Guid export, int attempt, string why);

    // The message must end with " failed.", as that of 1305 does: the alert on exports counts messages by that end.
    [LoggerMessage(1311, LogLevel.Error,
        "Attempt {Attempt} of {MaxAttempts} at the file of export {Export} ended without a result, "
        + "like those before it; the export has failed.")]
    private static partial void LogInterrupted(ILogger logger, int attempt, int maxAttempts, Guid export);

    [LoggerMessage(1305, LogLevel.Warning,
        "Attempt {Attempt} of {MaxAttempts} at the file of export {Export} failed.")]
    private static partial void LogFailed(
        ILogger logger, Exception exception, Guid export, int attempt, int maxAttempts);
}
