using Parley.Core;

namespace Parley.Tenants.Limits;

/// <summary>
/// Limits the work that a process does at once, in total and for each tenant: a tenant with a thousand exports, or with
/// receivers that hang, does not delay the other tenants. Thread-safe.
/// </summary>
/// <param name="all">Slots in total.</param>
/// <param name="perTenant">Slots that one tenant may have.</param>
internal sealed class TenantConcurrencyLimiter(int all, int perTenant, TimeProvider time)
{
    /// <summary>
    /// Maximum wait for a slot: most steps take less than a second. Waiting is billed and counts against the limit of
    /// functions that run at once, so it is not longer.
    /// </summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Callers of one tenant that may wait at once: the host runs few functions at once, and other tenants need some.
    /// </summary>
    public const int MaxWaiting = 6;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly Lock gate = new();
    private readonly Dictionary<TenantId, (int Working, int Waiting)> tenants = [];
    private int total;

    /// <summary>Takes a slot; the caller returns it with <see cref="Return"/>.</summary>
    /// <returns>
    /// False when no slot is free within <see cref="MaxWait"/>, or when <see cref="MaxWaiting"/> callers wait already.
    /// </returns>
    public async Task<bool> TryTakeAsync(TenantId tenant, CancellationToken cancellation)
    {
        if (TryTake(tenant))
        {
            return true;
        }

        if (!TryWait(tenant))
        {
            return false;
        }

        try
        {
            for (var began = time.GetTimestamp(); time.GetElapsedTime(began) < MaxWait;)
            {
                await Task.Delay(Interval, time, cancellation);
                if (TryTake(tenant))
                {
                    return true;
                }
            }

            return false;
        }
        finally
        {
            Adjust(tenant, working: 0, waiting: -1);
        }
    }

    /// <summary>Takes a slot if one is free now; the caller returns it with <see cref="Return"/>.</summary>
    public bool TryTake(TenantId tenant)
    {
        lock (gate)
        {
            var free = total < all && tenants.GetValueOrDefault(tenant).Working < perTenant;
            if (free)
            {
                Adjust(tenant, working: 1, waiting: 0);
            }

            return free;
        }
    }

    public void Return(TenantId tenant) => Adjust(tenant, working: -1, waiting: 0);

    private bool TryWait(TenantId tenant)
    {
        lock (gate)
        {
            var free = tenants.GetValueOrDefault(tenant).Waiting < MaxWaiting;
            if (free)
            {
                Adjust(tenant, working: 0, waiting: 1);
            }

            return free;
        }
    }

    private void Adjust(TenantId tenant, int working, int waiting)
    {
        lock (gate)
        {
            var before = tenants.GetValueOrDefault(tenant);
            var now = (Working: before.Working + working, Waiting: before.Waiting + waiting);
            total += working;
            if (now == default)
            {
                tenants.Remove(tenant);
            }
            else
            {
                tenants[tenant] = now;
            }
        }
    }
}
