using Microsoft.Azure.Functions.Worker;
using Parley.Housekeeping;

namespace Parley.Functions.Housekeeping;

/// <summary>What removes idempotency keys and blobs of no more use. Its own timer, so that it never delays follow-ups.</summary>
public sealed class HousekeepingTrigger(Housekeeper housekeeper)
{
    /// <summary>Every quarter of an hour.</summary>
    [Function("Housekeeping")]
    public Task Run([TimerTrigger("%HousekeepingSchedule%")] TimerInfo timer, CancellationToken cancellation) => housekeeper.RunAsync(cancellation);
}
