using System.Net;
using Azure;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;
using Parley.Tenants;

namespace Parley.Cleanup;

/// <summary>
/// Erases the data of deleted tenants, a bounded part in each run of a timer. A pass goes through all stores; another
/// one follows after <see cref="TenantErasures.Settle"/>, until a pass finds nothing: what a late writer left behind is
/// erased by the next pass.
/// </summary>
/// <remarks>
/// <para>Each page is counted in the row of the deletion, under its ETag, before it is erased. So a run that dies
/// between the two is continued without counting the page twice, and of two runs at once one stops.</para>
/// <para>Positions are keys, so that any later run and version can go on from them. A page without any has no key: its
/// continuation token is stored instead, and one that storage no longer accepts is dropped.</para>
/// </remarks>
public sealed partial class TenantErasureJob(
    TenantErasures erasures, ErasedStores stores, TimeProvider time, ILogger<TenantErasureJob> logger)
{
    /// <summary>No page is begun later in a run. The timer runs more often than a function may last.</summary>
    private static readonly TimeSpan MaxRun = TimeSpan.FromMinutes(10);

    /// <summary>The most pages of one tenant in a run, so that a large tenant does not delay all others.</summary>
    internal int MaxPages { get; init; } = 300;

    /// <summary>A pass with this number is unusual: something writes for a deleted tenant.</summary>
    private const int UnusualPass = 4;

    /// <summary>A pass that takes longer is not only large: a run continues it every quarter of an hour.</summary>
    private static readonly TimeSpan UnusualTime = TimeSpan.FromDays(1);

    /// <summary>Does the next part. It may be interrupted at any point, repeated, and run twice at once.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var startedAt = time.GetTimestamp();
        await foreach (var open in erasures.ReadOpenAsync(cancellation).WithCancellation(cancellation))
        {
            try
            {
                await EraseAsync(open, startedAt, cancellation);
            }
            catch (Exception e) when (StorageErrors.IsFailure(e, cancellation) || e is ParleyException)
            {
                // One tenant's failure must not stop the others; the next run continues.
                LogLeft(logger, open.Erasure.Tenant, StorageErrors.FirstLine(e));
            }
        }
    }

    private async Task EraseAsync(TenantErasureProgress progress, long startedAt, CancellationToken cancellation)
    {
        var tenant = progress.Erasure.Tenant;
        if (!await erasures.MarkAsync(tenant, cancellation))
        {
            // The request died before it changed the profile, or somebody made the tenant active again.
            await erasures.SaveAsync(WaitFrom(progress, time.NowInMilliseconds()), cancellation);
            return;
        }

        if (time.GetUtcNow() - progress.Erasure.ErasesAt > UnusualTime)
        {
            Telemetry.WorkFailed("tenant.erase");
            LogSlow(logger, progress.Pass, tenant);
        }

        TenantErasureProgress? next = progress;
        for (var page = 0;
            page < MaxPages
            && next is not null
            && next.Erasure.ErasesAt <= time.GetUtcNow()
            && time.GetElapsedTime(startedAt) <= MaxRun;
            page++)
        {
            next = await ErasePageAsync(next, cancellation);
        }

        if (next is { Scan.Length: > 0 })
        {
            await erasures.SaveAsync(next, cancellation);
        }
    }

    /// <summary>Counts and erases a page, or goes on to the next store or pass.</summary>
    /// <returns>The progress; null when another run has taken over.</returns>
    private async Task<TenantErasureProgress?> ErasePageAsync(
        TenantErasureProgress progress, CancellationToken cancellation)
    {
        var all = stores.All;

        // A later version may have renamed a store: then the pass begins again.
        var index = Math.Max(0, all.ToList().FindIndex(one => one.Name == progress.Store));
        var (store, tenant) = (all[index], progress.Erasure.Tenant);
        ErasedPage page;
        try
        {
            var scan = progress.Scan.Length > 0 ? progress.Scan : null;
            page = await store.ReadAsync(tenant, progress.Erased, scan, cancellation).FirstAsync(cancellation);
        }
        catch (RequestFailedException e) when (e.Status == (int)HttpStatusCode.BadRequest && progress.Scan.Length > 0)
        {
            return progress with { Scan = "" };
        }

        var positions = page.Positions;
        if (positions.Count == 0)
        {
            return page.Token is { Length: > 0 } token ? progress with { Scan = token }
                : index + 1 < all.Count
                    ? await erasures.SaveAsync(progress.At(all[index + 1].Name), cancellation)
                    : await EndPassAsync(progress, cancellation);
        }

        // Those up to the last counted position are left over from a run that died, or were written since.
        var found = positions.Count(position => string.CompareOrdinal(position, progress.Counted) > 0);
        var next = found == 0
            ? progress
            : await erasures.SaveAsync(
                progress with
                {
                    Erasure = progress.Erasure with { Counts = progress.Erasure.Counts.Add(store.Store, found) },
                    Counted = positions[^1],
                    FoundInPass = progress.FoundInPass + found,
                },
                cancellation);
        if (next is null)
        {
            return null;
        }

        await store.EraseAsync(positions, cancellation);
        return next with { Erased = positions[^1], Scan = "" };
    }

    private async Task<TenantErasureProgress?> EndPassAsync(
        TenantErasureProgress progress, CancellationToken cancellation)
    {
        var (tenant, now) = (progress.Erasure.Tenant, time.NowInMilliseconds());
        if (progress.FoundInPass > 0)
        {
            if (progress.Pass >= UnusualPass)
            {
                Telemetry.WorkFailed("tenant.erase");
                LogStillFound(logger, progress.Pass, tenant, progress.FoundInPass);
            }

            return await erasures.SaveAsync(WaitFrom(progress with { Pass = progress.Pass + 1 }, now), cancellation);
        }

        await erasures.CloseAsync(tenant, cancellation);
        var ended = await erasures.SaveAsync(
            progress with
            {
                Erasure = progress.Erasure with { State = TenantState.Deleted, ErasesAt = null, FinishedAt = now },
            },
            cancellation);
        if (ended is not null)
        {
            LogErased(logger, tenant);
        }

        // Nothing is left to do, also for another run.
        return null;
    }

    /// <summary>The beginning of a pass, when all that writes now has ended.</summary>
    private TenantErasureProgress WaitFrom(TenantErasureProgress progress, DateTimeOffset now) =>
        progress.At(stores.All[0].Name) with
        {
            Erasure = progress.Erasure with { ErasesAt = now + TenantErasures.Settle },
            FoundInPass = 0,
        };

    [LoggerMessage(1601, LogLevel.Information, "The data of tenant {Tenant} are erased.")]
    private static partial void LogErased(ILogger logger, TenantId tenant);

    [LoggerMessage(
        1602, LogLevel.Warning, "The data of tenant {Tenant} could not be erased; the next run goes on: {Reason}")]
    private static partial void LogLeft(ILogger logger, TenantId tenant, string reason);

    [LoggerMessage(
        1603,
        LogLevel.Error,
        "Pass {Pass} through the data of the deleted tenant {Tenant} has found {Count} rows and blobs: "
        + "something still writes for it.")]
    private static partial void LogStillFound(ILogger logger, int pass, TenantId tenant, long count);

    [LoggerMessage(
        1604,
        LogLevel.Error,
        "Pass {Pass} through the data of the deleted tenant {Tenant} has not ended for a day.")]
    private static partial void LogSlow(ILogger logger, int pass, TenantId tenant);
}
