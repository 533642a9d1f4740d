using Microsoft.Azure.Functions.Worker;
using Parley.Cleanup;
using Parley.Tenants;

namespace Parley.Functions.Triggers;

/// <summary>
/// Removes expired idempotency keys and unused blobs, and lists API keys of earlier versions, once. It has its own timer, so that it never delays follow-ups.
/// </summary>
public sealed class CleanupTrigger(CleanupJob cleanup, ApiKeyListing keys)
{
    [Function("Housekeeping")]
    public Task Run([TimerTrigger("%HousekeepingSchedule%")] TimerInfo timer, CancellationToken cancellation) =>
        Task.WhenAll(cleanup.RunAsync(cancellation), keys.RunAsync(cancellation));
}
