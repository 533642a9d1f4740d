using Microsoft.Azure.Functions.Worker;
using Parley.Cleanup;

namespace Parley.Functions.Triggers;

/// <summary>What removes idempotency keys and blobs of no more use. Its own timer, so that it never delays follow-ups.</summary>
public sealed class CleanupTrigger(CleanupJob cleanup)
{
    /// <summary>Every quarter of an hour.</summary>
    [Function("Housekeeping")]
    public Task Run([TimerTrigger("%HousekeepingSchedule%")] TimerInfo timer, CancellationToken cancellation) => cleanup.RunAsync(cancellation);
}
