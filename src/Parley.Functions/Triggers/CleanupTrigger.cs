using Microsoft.Azure.Functions.Worker;
using Parley.Cleanup;

namespace Parley.Functions.Triggers;

/// <summary>
/// Removes expired idempotency keys and unused blobs. It has its own timer, so that it never delays follow-ups.
/// </summary>
public sealed class CleanupTrigger(CleanupJob cleanup)
{
    [Function("Housekeeping")]
    public Task Run([TimerTrigger("%HousekeepingSchedule%")] TimerInfo timer, CancellationToken cancellation) =>
        cleanup.RunAsync(cancellation);
}
