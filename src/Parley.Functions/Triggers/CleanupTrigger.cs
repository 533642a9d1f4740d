using Microsoft.Azure.Functions.Worker;
using Parley.Cleanup;
using Parley.Tenants;

namespace Parley.Functions.Triggers;

/// <summary>
/// Removes expired idempotency keys and unused blobs, seals secrets again after a change of the keys, and erases
/// deleted tenants. It has its own timer, so that it never delays follow-ups.
/// </summary>
public sealed class CleanupTrigger(CleanupJob cleanup, SecretResealing resealing, TenantErasureJob erasure)
{
    [Function("Housekeeping")]
    public async Task Run([TimerTrigger("%HousekeepingSchedule%")] TimerInfo timer, CancellationToken cancellation)
    {
        await resealing.RunAsync(cancellation);
        await cleanup.RunAsync(cancellation);

        // Last, because it may take minutes.
        await erasure.RunAsync(cancellation);
    }
}
