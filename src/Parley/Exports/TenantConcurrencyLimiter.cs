using Parley.Core;

namespace Parley.Exports;

/// <summary>
/// How many steps a process does at once, and how many of them for one tenant: who asks for a thousand exports, or has receivers that hang, does not keep others
/// from theirs.
/// </summary>
/// <param name="all">At once.</param>
/// <param name="perTenant">Of them, for one tenant.</param>
/// <param name="time">The clock.</param>
internal sealed class TenantConcurrencyLimiter(int all, int perTenant, TimeProvider time)
{
    /// <summary>So long a turn is waited for: most steps take less than a second. A function that waits is limited and paid, so not longer.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(10);

    /// <summary>So many of a tenant wait: the host runs few functions at once, and others need some.</summary>
    public const int MaxWaiting = 6;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly Lock gate = new();
    private readonly Dictionary<TenantId, (int Working, int Waiting)> tenants = [];
    private int total;

    /// <summary>Takes a turn, which is to be given back.</summary>
    /// <returns>False when there is none in time.</returns>
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
            Note(tenant, working: 0, waiting: -1);
        }
    }

    /// <summary>Gives a turn back.</summary>
    public void Return(TenantId tenant) => Note(tenant, working: -1, waiting: 0);

    private bool TryTake(TenantId tenant)
    {
        lock (gate)
        {
            var free = total < all && tenants.GetValueOrDefault(tenant).Working < perTenant;
            if (free)
            {
                Note(tenant, working: 1, waiting: 0);
            }

            return free;
        }
    }

    private bool TryWait(TenantId tenant)
    {
        lock (gate)
        {
            var free = tenants.GetValueOrDefault(tenant).Waiting < MaxWaiting;
            if (free)
            {
                Note(tenant, working: 0, waiting: 1);
            }

            return free;
        }
    }

    private void Note(TenantId tenant, int working, int waiting)
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
