using Parley.Core;

namespace Parley.Tenants.Limits;

/// <summary>
/// The quotas of tenants and keys in this process: every instance counts for itself, and a new one begins with full
/// quotas. Never calls storage. Thread-safe.
/// </summary>
public sealed class RateLimiter(RateOptions options, TimeProvider time)
{
    /// <summary>The tenants and keys that are remembered. A forgotten one has a full quota again.</summary>
    internal const int MaxOwners = 10_000;

    private readonly Dictionary<(TenantId Tenant, int? Key), TokenBucket[]> owners = [];

    /// <summary>
    /// Guards all buckets. It is held while the few buckets of a caller change. Once in <see cref="MaxOwners"/> / 8 new
    /// owners or more seldom, it is held while all owners are sorted: some milliseconds.
    /// </summary>
    internal Lock Gate { get; } = new();

    internal long Now => time.GetTimestamp();

    /// <summary>For tests.</summary>
    internal int Count
    {
        get
        {
            lock (Gate)
            {
                return owners.Count;
            }
        }
    }

    /// <summary>The quotas of a caller; null when no limit applies.</summary>
    /// <param name="key">The key's number in its tenant.</param>
    public QuotaUse? Find(TenantId tenant, int key)
    {
        var policies = options.Of(tenant);
        if (policies.Count == 0)
        {
            return null;
        }

        lock (Gate)
        {
            TokenBucket[] buckets =
            [
                .. BucketsOf((tenant, null), policies.Where(policy => !policy.IsOfKey)),
                .. BucketsOf((tenant, key), policies.Where(policy => policy.IsOfKey)),
            ];
            return new QuotaUse(this, policies, buckets);
        }
    }

    private TokenBucket[] BucketsOf((TenantId Tenant, int? Key) owner, IEnumerable<LimitPolicy> policies)
    {
        if (owners.TryGetValue(owner, out var known))
        {
            return known;
        }

        var now = Now;
        TokenBucket[] buckets =
            [.. policies.Select(policy => new TokenBucket(policy.Rate, time.TimestampFrequency, now))];
        if (buckets.Length > 0)
        {
            if (owners.Count == MaxOwners)
            {
                Forget(now);
            }

            owners.Add(owner, buckets);
        }

        return buckets;
    }

    /// <summary>
    /// Forgets all owners with full quotas, which loses nothing, and at least an eighth of all, those first whose
    /// quotas are full soonest: then the next call is seldom.
    /// </summary>
    private void Forget(long now)
    {
        var byTime = owners
            .Select(owner => (owner.Key, Ticks: owner.Value.Max(bucket =>
            {
                bucket.Refill(now);
                return bucket.TicksUntilFull();
            })))
            .OrderBy(owner => owner.Ticks)
            .ToList();
        for (var i = 0; i < byTime.Count && (i < MaxOwners / 8 || byTime[i].Ticks == 0); i++)
        {
            owners.Remove(byTime[i].Key);
        }
    }
}
