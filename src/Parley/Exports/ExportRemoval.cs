using Parley.Core;

namespace Parley.Exports;

/// <summary>
/// Ends exports and removes their files. The row changes first, so that nobody is given a link to what is about to go; then the blobs go, and once more
/// when the row of Due for the expiry is looked at, soon after: so what a crash or a late attempt leaves there does not stay.
/// </summary>
public sealed class ExportRemoval(ExportStore exports, ExportFiles files, TimeProvider time)
{
    /// <summary>When the blobs of what a client ended are removed once more: an attempt that does not know it yet learns it within its lease's time.</summary>
    private static readonly TimeSpan CheckAgainAfter = TimeSpan.FromMinutes(10);

    /// <summary>What a client's DELETE does: cancels an export that has no file yet, removes the file of one that has. Again, it changes nothing.</summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ExportNotFound"/>, <see cref="ErrorCode.Busy"/>, <see cref="ErrorCode.StorageUnavailable"/> (not known whether it was stored).
    /// </exception>
    public async Task<Export> RemoveAsync(TenantId tenant, string id, CancellationToken cancellation)
    {
        var now = time.NowInMilliseconds();
        var removed = await exports.ChangeAsync(await exports.GetAsync(tenant, id, cancellation), isLatest: false, Removed, cancellation);

        // Not cancelled: a client that leaves has deleted it all the same.
        await files.DeleteRestAsync(removed, CancellationToken.None);
        return removed;

        Export Removed(Export export) => export.Status switch
        {
            ExportStatus.Pending or ExportStatus.Running =>
                WithoutSteps(export) with { Status = ExportStatus.Cancelled, WebhookStatus = WebhookStatus.Cancelled, FinishedAt = now, ExpiresAt = now + CheckAgainAfter },
            ExportStatus.Completed => WithoutSteps(export) with { Status = ExportStatus.Expired, Reason = ExportReasons.Removed, ExpiresAt = now + CheckAgainAfter },
            _ => export,
        };
    }

    /// <summary>What the timer does when an export's time is over.</summary>
    internal async Task ExpireAsync(Export export, CancellationToken cancellation)
    {
        var expired = await exports.ChangeAsync(
            export,
            isLatest: true,
            current => current.Status == ExportStatus.Completed ? WithoutSteps(current) with { Status = ExportStatus.Expired } : current,
            cancellation);
        await files.DeleteRestAsync(expired, cancellation);
    }

    /// <summary>Nothing more is done for it: what would be delivered is gone.</summary>
    private static Export WithoutSteps(Export export) => export with
    {
        WebhookStatus = export.WebhookStatus == WebhookStatus.Pending ? WebhookStatus.Cancelled : export.WebhookStatus,
        DueAt = null,
        AttemptsStarted = 0,
        LeaseId = null,
        LeaseUntil = null,
    };
}
