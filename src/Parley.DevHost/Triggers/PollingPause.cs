using Parley.DevHost.Settings;

namespace Parley.DevHost.Triggers;

/// <summary>
/// The pause before the next poll of an empty queue, as in the Functions host: 100 ms at first, then 100 ms plus a
/// power of two times 100 ms that varies randomly by up to a fifth, up to the longest pause.
/// </summary>
internal sealed class PollingPause(TimeSpan longest, Random random)
{
    private const double Spread = 0.2;
    private TimeSpan last;
    private int empties;

    /// <summary>The pause after a poll that returned no messages or failed.</summary>
    public TimeSpan Next()
    {
        // At the longest pause the counter stops, so the power never overflows.
        if (last < longest)
        {
            var factor = empties == 0
                ? 0
                : Math.Pow(2, empties - 1) * (1 - Spread + (random.NextDouble() * 2 * Spread));
            var next = QueueSettings.MinPollingInterval * (1 + factor);
            last = next < longest ? next : longest;
            empties++;
        }

        return last;
    }

    /// <summary>Starts again with the shortest pause. Call it after a poll that returned messages.</summary>
    public void Reset()
    {
        last = TimeSpan.Zero;
        empties = 0;
    }
}
