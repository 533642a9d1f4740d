using Microsoft.Azure.Functions.Worker;
using Parley.Cleanup;
using Parley.Tenants;
using Parley.Tenants.Tokens;

namespace Parley.Functions.Triggers;

/// <summary>
/// Removes expired idempotency keys and unused blobs, lists API keys of earlier versions, seals secrets again after a
/// change of the keys, replaces the keys that sign access tokens, and erases deleted tenants. It has its own timer, so
/// that it never delays follow-ups.
/// </summary>
public sealed class CleanupTrigger(
    CleanupJob cleanup,
    ApiKeyListing keys,
    SecretResealing resealing,
    SigningKeyRotation rotation,
    TenantErasureJob erasure)
{
    [Function("Housekeeping")]
    public Task Run([TimerTrigger("%HousekeepingSchedule%")] TimerInfo timer, CancellationToken cancellation) =>
        Task.WhenAll(
            cleanup.RunAsync(cancellation),
            keys.RunAsync(cancellation),
            resealing.RunAsync(cancellation),
            rotation.RunAsync(cancellation),
            erasure.RunAsync(cancellation));
}
