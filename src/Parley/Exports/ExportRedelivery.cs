using Parley.Core;

namespace Parley.Exports;

/// <summary>Delivers the webhooks of exports again when a client requests it.</summary>
public sealed class ExportRedelivery(ExportStore exports, ExportDispatch dispatch, TimeProvider time)
{
    /// <summary>
    /// Begins a new round of attempts now, whatever the result of the earlier ones. An attempt that is running is not
    /// interrupted, and becomes the first of the round.
    /// </summary>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ExportNotFound"/>, <see cref="ErrorCode.ExportStatus"/>, <see cref="ErrorCode.Busy"/>,
    /// <see cref="ErrorCode.StorageUnavailable"/> (not known whether it was stored).
    /// </exception>
    public async Task<Export> DeliverAsync(TenantId tenant, string id, CancellationToken cancellation)
    {
        var known = await exports.GetAsync(tenant, id, cancellation);
        var export = await exports.ChangeAsync(known, isLatest: false, WithNewRound, cancellation);
        if (export is { DueAt: not null, LeaseId: null })
        {
            await dispatch.EnqueueAsync(export);
        }

        return export;
    }

    private Export WithNewRound(Export export)
    {
        if (export.Status is not (ExportStatus.Completed or ExportStatus.Failed))
        {
            throw ErrorCode.ExportStatus.With(export.IsUnfinished
                ? "The export has not ended; it calls back when it has."
                : "The export's file is gone, so there is nothing to deliver.");
        }

        var now = time.NowInMilliseconds();
        return export.IsHeld(now)
            ? export with { RoundStart = export.Step - 1 }
            : export with
            {
                WebhookStatus = WebhookStatus.Pending,
                DueAt = now,
                Step = export.Step + 1,
                RoundStart = export.Step,
                AttemptsStarted = 0,
                LeaseId = null,
                LeaseUntil = null,
            };
    }
}
