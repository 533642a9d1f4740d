namespace Parley.Tenants.Limits;

/// <summary>
/// A quota that comes back continuously. Whole numbers only, so that a caller who waits as long as it was told is
/// never refused for a rounding error. Not thread-safe.
/// </summary>
/// <remarks>
/// One unit is <c>Rate.Seconds × ticks per second</c> parts, and every tick brings <c>Rate.Count</c> parts. The largest
/// numbers need less than 2¹⁰⁰.
/// </remarks>
/// <param name="rate">The quota and its window.</param>
/// <param name="frequency">Ticks per second: <see cref="TimeProvider.TimestampFrequency"/>.</param>
/// <param name="now">The current timestamp. The bucket is full then.</param>
internal sealed class TokenBucket(Rate rate, long frequency, long now)
{
    /// <summary>
    /// No debt is longer: one body may have more bytes than a small quota brings back in years.
    /// </summary>
    internal const int MaxDebtSeconds = 31 * 24 * 60 * 60;

    private readonly Int128 unit = (Int128)rate.Seconds * frequency;
    private Int128 level = (Int128)rate.Seconds * frequency * rate.Count;
    private long updated = now;

    public bool IsFull => level == unit * rate.Count;

    /// <summary>Whole units that may be used now.</summary>
    public long Remaining => (long)Int128.Max(level / unit, 0);

    /// <summary>
    /// Adds what has come back since the last call. Every other member refers to the time of this call.
    /// </summary>
    public void Refill(long timestamp)
    {
        if (timestamp > updated)
        {
            level = Int128.Min(unit * rate.Count, level + (Int128)(timestamp - updated) * rate.Count);
            updated = timestamp;
        }
    }

    /// <summary>Uses units. The level may become negative: the size of a body is known only after it is read.</summary>
    public void Use(long units) =>
        level = Int128.Max(level - units * unit, -(Int128)rate.Count * frequency * MaxDebtSeconds);

    public void Return(long units) => level = Int128.Min(unit * rate.Count, level + units * unit);

    /// <summary>Ticks until the bucket is full.</summary>
    public Int128 TicksUntilFull() => Ceiling(unit * rate.Count - level, rate.Count);

    /// <summary>Seconds, rounded up, until this many units may be used; 0 when they may be used now.</summary>
    public long SecondsUntil(long units)
    {
        var missing = units * unit - level;
        return missing <= 0 ? 0 : (long)Ceiling(Ceiling(missing, rate.Count), frequency);
    }

    private static Int128 Ceiling(Int128 dividend, Int128 divisor) => (dividend + divisor - 1) / divisor;
}
