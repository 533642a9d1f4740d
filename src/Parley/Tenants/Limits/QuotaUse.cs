using Parley.Core;

namespace Parley.Tenants.Limits;

/// <summary>The state of a policy.</summary>
/// <param name="Remaining">Whole units that may be used now.</param>
/// <param name="ResetSeconds">Seconds, rounded up, until one more may be used; 0 when the quota is full.</param>
public readonly record struct QuotaState(LimitPolicy Policy, long Remaining, long ResetSeconds);

/// <summary>The use of its caller's quotas by one request. Thread-safe.</summary>
public sealed class QuotaUse
{
    private readonly RateLimiter limiter;
    private readonly IReadOnlyList<TokenBucket> buckets;

    // Bits of the policies that responses show: those that the request draws on, or those that refused it.
    private int shown;

    /// <param name="policies">The caller's policies.</param>
    /// <param name="buckets">Their buckets, in the same order.</param>
    internal QuotaUse(RateLimiter limiter, IReadOnlyList<LimitPolicy> policies, IReadOnlyList<TokenBucket> buckets) =>
        (this.limiter, Policies, this.buckets) = (limiter, policies, buckets);

    /// <summary>All policies of the caller: equal at every request.</summary>
    public IReadOnlyList<LimitPolicy> Policies { get; }

    /// <summary>
    /// Uses one of each unit, or nothing. Of bytes nothing is used yet, but some must be left.
    /// </summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.QuotaExceeded"/>.</exception>
    public void Take(LimitUnits units)
    {
        lock (limiter.Gate)
        {
            Refill();
            var drawn = IndexesOf(units).ToList();
            var used = drawn.Where(i => buckets[i].SecondsUntil(1) > 0).ToList();
            shown = (used.Count > 0 ? used : drawn).Aggregate(0, (bits, i) => bits | 1 << i);
            if (used.Count > 0)
            {
                throw Exceeded(used);
            }

            foreach (var i in drawn.Where(i => Policies[i].Unit != LimitUnits.Bytes))
            {
                buckets[i].Use(1);
            }
        }
    }

    /// <summary>Uses the bytes that were read of the request's body.</summary>
    public void UseBytes(int count) => Change(LimitUnits.Bytes, bucket => bucket.Use(count));

    /// <summary>Returns one of each unit: the request has created nothing.</summary>
    public void Return(LimitUnits units) => Change(units & ~LimitUnits.Bytes, bucket => bucket.Return(1));

    /// <summary>The states of the policies that the request draws on; after a refusal, those that refused it.</summary>
    public IReadOnlyList<QuotaState> ReadStates()
    {
        lock (limiter.Gate)
        {
            Refill();
            return [.. Enumerable.Range(0, Policies.Count).Where(i => (shown & 1 << i) != 0).Select(StateOf)];
        }
    }

    private QuotaState StateOf(int i) => new(
        Policies[i],
        buckets[i].Remaining,
        buckets[i].IsFull ? 0 : buckets[i].SecondsUntil(buckets[i].Remaining + 1));

    private ParleyException Exceeded(List<int> used)
    {
        var names = string.Join(", ", used.Select(i =>
            $"{Policies[i].Name} ({Policies[i].Rate.Count} in {Policies[i].Rate.Seconds} s)"));
        var wait = used.Max(i => buckets[i].SecondsUntil(1));
        return new ParleyException(
            ErrorCode.QuotaExceeded, $"The quota is used up: {names}. Try again in {wait} s.")
        {
            RetryAfter = TimeSpan.FromSeconds(wait),
            ViolatedPolicies = [.. used.Select(i => Policies[i].Name)],
        };
    }

    private void Change(LimitUnits units, Action<TokenBucket> change)
    {
        lock (limiter.Gate)
        {
            Refill();
            foreach (var i in IndexesOf(units))
            {
                change(buckets[i]);
            }
        }
    }

    private void Refill()
    {
        var now = limiter.Now;
        foreach (var bucket in buckets)
        {
            bucket.Refill(now);
        }
    }

    private IEnumerable<int> IndexesOf(LimitUnits units) =>
        Enumerable.Range(0, Policies.Count).Where(i => (Policies[i].Unit & units) != LimitUnits.None);
}
