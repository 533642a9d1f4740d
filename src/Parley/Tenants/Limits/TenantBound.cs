using Parley.Core;

namespace Parley.Tenants.Limits;

/// <summary>A bound on one kind of work that an instance does at once for one tenant. Thread-safe.</summary>
/// <param name="name">The policy's name. Clients may branch on it: never rename one.</param>
/// <param name="work">The work in a sentence about too much of it: <c>files are uploaded</c>.</param>
/// <param name="perTenant">The most of it at once.</param>
public sealed class TenantBound(string name, string work, int perTenant, TimeProvider time)
{
    /// <summary>The time until a slot is free cannot be known: some kinds of work take a second, others minutes.</summary>
    internal static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly TenantConcurrencyLimiter limiter = new(int.MaxValue, perTenant, time);

    /// <summary>Takes a slot, which is returned when the result is disposed; null when none is free.</summary>
    public IDisposable? TryTake(TenantId tenant) => limiter.TryTake(tenant) ? new Slot(limiter, tenant) : null;

    /// <summary>Takes a slot, which is returned when the result is disposed.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.QuotaExceeded"/>: none is free.</exception>
    public IDisposable Take(TenantId tenant) => TryTake(tenant) ?? throw Exceeded();

    /// <summary>Waits for a slot as <see cref="TenantConcurrencyLimiter.TryTakeAsync"/> does, and takes it.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.QuotaExceeded"/>: none became free.</exception>
    public async Task<IDisposable> WaitAsync(TenantId tenant, CancellationToken cancellation) =>
        await limiter.TryTakeAsync(tenant, cancellation) ? new Slot(limiter, tenant) : throw Exceeded();

    public ParleyException Exceeded() =>
        new(ErrorCode.QuotaExceeded, $"Too many {work} at once: {name} is {perTenant}. Try again when one has ended.")
        {
            RetryAfter = RetryAfter,
            ViolatedPolicies = [name],
        };

    private sealed class Slot(TenantConcurrencyLimiter limiter, TenantId tenant) : IDisposable
    {
        private int returned;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref returned, 1) == 0)
            {
                limiter.Return(tenant);
            }
        }
    }
}
