using Parley.Core;

namespace Parley.Exports;

/// <summary>
/// Cancels exports and removes their files. The row changes first, so that no client gets a link to a file that is
/// about to be removed. Then the blobs are deleted, and deleted once more when the timer processes the schedule row of
/// the expiry, soon after. This removes blobs that a crash or a late attempt has left.
/// </summary>
public sealed class ExportRemoval(ExportStore exports, ExportFiles files, TimeProvider time)
{
    /// <summary>
    /// The time after which the blobs of an export that a client ended are deleted once more. A running attempt detects
    /// the change of the row sooner: within the length of its lease.
    /// </summary>
    private static readonly TimeSpan CheckAgainAfter = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Cancels an unfinished export, or removes the file of a completed one. A repeated call changes nothing.
    /// </summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ExportNotFound"/>, <see cref="ErrorCode.Busy"/>, <see cref="ErrorCode.StorageUnavailable"/>
    /// (not known whether it was stored).
    /// </exception>
    public async Task<Export> RemoveAsync(TenantId tenant, string id, CancellationToken cancellation)
    {
        var now = time.NowInMilliseconds();
        var known = await exports.GetAsync(tenant, id, cancellation);
        var removed = await exports.ChangeAsync(known, isLatest: false, Removed, cancellation);

        // Not cancelled when the client disconnects: the removal is stored already.
        await files.DeleteRestAsync(removed, CancellationToken.None);
        return removed;

        Export Removed(Export export) => export.Status switch
        {
            ExportStatus.Pending or ExportStatus.Running => WithoutSteps(export) with
            {
                Status = ExportStatus.Cancelled,
                WebhookStatus = WebhookStatus.Cancelled,
                FinishedAt = now,
                ExpiresAt = now + CheckAgainAfter,
            },
            ExportStatus.Completed => WithoutSteps(export) with
            {
                Status = ExportStatus.Expired,
                Reason = ExportReasons.Removed,
                ExpiresAt = now + CheckAgainAfter,
            },
            _ => export,
        };
    }

    /// <summary>Removes the blobs of an export whose expiry time has passed. The timer calls it.</summary>
    internal async Task ExpireAsync(Export export, CancellationToken cancellation)
    {
        var expired = await exports.ChangeAsync(
            export,
            isLatest: true,
            current => current.Status == ExportStatus.Completed
                ? WithoutSteps(current) with { Status = ExportStatus.Expired }
                : current,
            cancellation);
        await files.DeleteRestAsync(expired, cancellation);
    }

    /// <summary>
    /// The export with no step left: a pending webhook is cancelled, because the file that it would deliver is removed.
    /// </summary>
    private static Export WithoutSteps(Export export) => export with
    {
        WebhookStatus = export.WebhookStatus == WebhookStatus.Pending
            ? WebhookStatus.Cancelled
            : export.WebhookStatus,
        Checkpoint = null,
        DueAt = null,
        AttemptsStarted = 0,
        LeaseId = null,
        LeaseUntil = null,
    };
}
