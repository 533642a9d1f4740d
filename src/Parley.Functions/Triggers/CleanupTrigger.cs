using Microsoft.Azure.Functions.Worker;
using Parley.Cleanup;
using Parley.Tenants;

namespace Parley.Functions.Triggers;

/// <summary>
/// Removes expired idempotency keys and unused blobs, and seals secrets again after a change of the keys. It has its
/// own timer, so that it never delays follow-ups.
/// </summary>
public sealed class CleanupTrigger(CleanupJob cleanup, SecretResealing resealing)
{
    [Function("Housekeeping")]
    public async Task Run([TimerTrigger("%HousekeepingSchedule%")] TimerInfo timer, CancellationToken cancellation)
    {
        await resealing.RunAsync(cancellation);
        await cleanup.RunAsync(cancellation);
    }
}
