using System.Diagnostics.CodeAnalysis;
using Azure;
using Microsoft.Extensions.Logging;
using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Spreadsheets;
using Parley.Storage;

namespace Parley.Exports;

/// <summary>
/// Writes the files of exports. Messages of the queue are hints: they may come twice, early, late or never. Whoever holds the lease writes a blob of its
/// own, and the export is completed by one change of its row, which names that blob: so a file is whole, or it is none.
/// </summary>
public sealed partial class ExportFileJob(
    ExportStore exports,
    ExportLeases leases,
    ExportFiles files,
    ConversationScan conversations,
    MessageScan messages,
    ExportDispatch dispatch,
    ExportOptions options,
    TimeProvider time,
    ILogger<ExportFileJob> logger)
{
    /// <summary>So often a file is begun; then the export has failed.</summary>
    public const int MaxAttempts = 5;

    /// <summary>Files that a process writes at once, each of another tenant.</summary>
    private const int FilesAtOnce = 2;

    /// <summary>Only after this it is taken for certain that the last attempt has ended: clocks may differ by five minutes, and to be wrong here is final.</summary>
    private static readonly TimeSpan CertainlyOver = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(5);

    private readonly TenantConcurrencyLimiter limiter = new(FilesAtOnce, perTenant: 1, time);

    /// <summary>Writes the file that a message asks for, if that is still to be done.</summary>
    public async Task RunAsync(ExportStep step, CancellationToken cancellation)
    {
        if (await exports.FindAsync(step.Key, cancellation) is not { DueAt: { } due, Step: 0 } export || export.IsHeld(time.GetUtcNow()))
        {
            // Done with, or somebody is at it.
            return;
        }

        if (due > time.GetUtcNow())
        {
            await dispatch.EnqueueAsync(export);
        }
        else if (await limiter.TryTakeAsync(export.Key.Tenant, cancellation))
        {
            try
            {
                await RunAsync(export, cancellation);
            }
            finally
            {
                limiter.Return(export.Key.Tenant);
            }
        }
        else
        {
            await dispatch.RequeueAsync(export, step);
        }
    }

    private async Task RunAsync(Export export, CancellationToken cancellation)
    {
        if (export.AttemptsStarted >= MaxAttempts)
        {
            // All of them ended without a word, the last one too; until that is certain, the timer asks again.
            var hasEnded = await EndAsync(
                export,
                current => current.AttemptsStarted == export.AttemptsStarted && !current.IsHeld(time.GetUtcNow() - CertainlyOver),
                ExportReasons.Interrupted,
                $"The {MaxAttempts} processes that began the file ended before it was whole.",
                cancellation);
            if (hasEnded)
            {
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
        var attempt = lease.Export.AttemptsStarted;
        try
        {
            var file = await WriteAsync(lease, attempt);
            await lease.StopAsync();
            await CompleteAsync(lease.Export, attempt, file, cancellation);
        }
        catch (Exception e) when (lease.IsLost && !cancellation.IsCancellationRequested)
        {
            // A client cancelled it, or it took so long that somebody else began anew. What this attempt has written, nobody reads.
            LogLost(logger, lease.Export.Id, attempt, e.Message);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            LogFailed(logger, e, lease.Export.Id, attempt, MaxAttempts);
            await lease.StopAsync();
            await RetryAsync(lease.Export, attempt, e, cancellation);
        }
    }

    private async Task<WrittenFile> WriteAsync(ExportLease lease, int attempt)
    {
        var export = lease.Export;
        await using var blob = files.Write(export, attempt, ThrowIfLost);
        var layout = new ExportTable(export.Format, export.Language);
        await using var table = TableWriter.Create(export.Format, layout.Columns, blob);
        lease.KeepRenewing(current => current with { Rows = table.Rows, Bytes = table.Bytes });
        var touched = conversations.TouchedAsync(export.Key.Tenant, export.RangeStart, export.RangeEnd, lease.Lost);
        await foreach (var page in messages.ReadAsync(touched, export.RangeStart, export.RangeEnd, lease.Lost))
        {
            foreach (var message in page.Messages)
            {
                layout.Write(table, page.Title, message);
                await table.EndRowAsync(lease.Lost);
            }
        }

        await table.CompleteAsync(lease.Lost);
        var sha256 = await blob.CompleteAsync(lease.Lost);
        ThrowIfLost();
        await files.CommitAsync(export, attempt, blob.BlockIds, lease.Lost);
        return new WrittenFile(table.Rows, table.Bytes, sha256, table.RemovedCharacters, table.CutCharacters);

        void ThrowIfLost()
        {
            if (lease.IsLost)
            {
                throw new OperationCanceledException("The lease is lost.");
            }
        }
    }

    private async Task CompleteAsync(Export export, int attempt, WrittenFile file, CancellationToken cancellation)
    {
        var now = time.NowInMilliseconds();
        var completed = await exports.ChangeAsync(
            export,
            isLatest: true,
            current => current.LeaseId != export.LeaseId
                ? current
                : ToCallBack(current, now) with
                {
                    Status = ExportStatus.Completed,
                    Rows = file.Rows,
                    Bytes = file.Bytes,
                    Sha256 = file.Sha256,
                    RemovedCharacters = file.Removed,
                    CutCharacters = file.Cut,
                    FileAttempt = attempt,
                },
            cancellation);
        if (completed.FileAttempt != attempt)
        {
            // Cancelled, or begun anew, between the last block and now. Others may be at blobs of their own.
            await CleanAsync(completed, () => files.DeleteAttemptAsync(completed, attempt, cancellation));
            return;
        }

        await dispatch.EnqueueAsync(completed);
        if (attempt > 1)
        {
            await CleanAsync(completed, () => files.DeleteRestAsync(completed, cancellation));
        }
    }

    /// <summary>What is left is removed when the export expires, so its failure is nobody's.</summary>
    private async Task CleanAsync(Export export, Func<Task> clean)
    {
        try
        {
            await clean();
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            LogBlobsLeft(logger, e, export.Id);
        }
    }

    private async Task RetryAsync(Export export, int attempt, Exception failure, CancellationToken cancellation)
    {
        if (attempt >= MaxAttempts)
        {
            var reason = StorageErrors.IsOutcomeUnknown(failure, cancellation) || failure is RequestFailedException or ParleyException
                ? ExportReasons.StorageUnavailable
                : ExportReasons.InternalError;
            await EndAsync(
                export, current => current.LeaseId == export.LeaseId, reason, $"Attempt {attempt} of {MaxAttempts} ended with {failure.GetType().Name}.", cancellation);
            return;
        }

        var now = time.NowInMilliseconds();
        var waiting = await exports.ChangeAsync(
            export,
            isLatest: true,
            current => current.LeaseId == export.LeaseId
                ? current with { Status = ExportStatus.Pending, DueAt = now + (FirstRetry * Math.Pow(3, attempt - 1)), LeaseId = null, LeaseUntil = null }
                : current,
            cancellation);
        if (waiting is { DueAt: not null, LeaseId: null })
        {
            await dispatch.EnqueueAsync(waiting);
        }
    }

    /// <summary>The export has failed, and its callback says so.</summary>
    private async Task<bool> EndAsync(Export export, Func<Export, bool> isOver, string reason, string detail, CancellationToken cancellation)
    {
        var now = time.NowInMilliseconds();
        var ended = await exports.ChangeAsync(
            export,
            isLatest: true,
            current => current.IsUnfinished && isOver(current)
                ? ToCallBack(current, now) with { Status = ExportStatus.Failed, Reason = reason, Detail = detail }
                : current,
            cancellation);
        if (ended is not { Status: ExportStatus.Failed, DueAt: not null })
        {
            return false;
        }

        await dispatch.EnqueueAsync(ended);
        return true;
    }

    /// <summary>An export whose next step is the first attempt at its callback.</summary>
    private Export ToCallBack(Export export, DateTimeOffset now) => export with
    {
        FinishedAt = now,
        ExpiresAt = now + options.Keep,
        WebhookStatus = WebhookStatus.Pending,
        DueAt = now,
        Step = 1,
        AttemptsStarted = 0,
        LeaseId = null,
        LeaseUntil = null,
    };

    private sealed record WrittenFile(long Rows, long Bytes, string Sha256, long Removed, long Cut);

    [LoggerMessage(1308, LogLevel.Warning, "Blobs that are not the file of export {Export} were left behind; they go when it expires.")]
    private static partial void LogBlobsLeft(ILogger logger, Exception exception, Guid export);

    [LoggerMessage(1304, LogLevel.Information, "Attempt {Attempt} at the file of export {Export} is given up, for its lease is lost: {Why}")]
    private static partial void LogLost(ILogger logger, Guid export, int attempt, string why);

    // "failed." at the end: the alert on exports counts it as it counts 1305.
    [LoggerMessage(1311, LogLevel.Error,
        "Attempt {Attempt} of {MaxAttempts} at the file of export {Export} ended without a result, like those before it; the export has failed.")]
    private static partial void LogInterrupted(ILogger logger, int attempt, int maxAttempts, Guid export);

    [LoggerMessage(1305, LogLevel.Warning, "Attempt {Attempt} of {MaxAttempts} at the file of export {Export} failed.")]
    private static partial void LogFailed(ILogger logger, Exception exception, Guid export, int attempt, int maxAttempts);
}
