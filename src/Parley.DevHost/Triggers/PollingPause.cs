using Parley.DevHost.Settings;

namespace Parley.DevHost.Triggers;

/// <summary>
/// How long to wait before the next look at an empty queue, as the Functions host does: 100 ms at first, then 100 ms more
/// than a power of two times 100 ms, give or take a fifth, up to the longest pause.
/// </summary>
internal sealed class PollingPause(TimeSpan longest, Random random)
{
    private const double Spread = 0.2;
    private TimeSpan last;
    private int empties;

    /// <summary>The pause after a look that found nothing or failed.</summary>
    public TimeSpan Next()
    {
        // Once at its longest it stays there, so the power never overflows.
        if (last < longest)
        {
            var factor = empties == 0 ? 0 : Math.Pow(2, empties - 1) * (1 - Spread + (random.NextDouble() * 2 * Spread));
            var next = QueueSettings.MinPollingInterval * (1 + factor);
            last = next < longest ? next : longest;
            empties++;
        }

        return last;
    }

    /// <summary>Messages were found.</summary>
    public void Reset()
    {
        last = TimeSpan.Zero;
        empties = 0;
    }
}
