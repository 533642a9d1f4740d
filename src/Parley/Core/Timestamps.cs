namespace Parley.Core;

/// <summary>Times in UTC with whole milliseconds, so that a stored time equals the time in the response.</summary>
public static class Timestamps
{
    /// <summary>The earliest time that Table storage accepts ("Table service data model").</summary>
    public static readonly DateTimeOffset Earliest = new(1601, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The current time, truncated to the millisecond.</summary>
    public static DateTimeOffset NowInMilliseconds(this TimeProvider time)
    {
        var now = time.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));
    }

    /// <summary>
    /// The time in UTC, rounded up to a whole millisecond. In the calendar's last millisecond it is rounded down,
    /// because there is no later one.
    /// </summary>
    public static DateTimeOffset UpToMillisecond(this DateTimeOffset at)
    {
        var over = at.UtcTicks % TimeSpan.TicksPerMillisecond;
        var utc = at.ToUniversalTime().AddTicks(-over);
        return over == 0 || utc > DateTimeOffset.MaxValue.AddMilliseconds(-1) ? utc : utc.AddMilliseconds(1);
    }

    /// <summary>The latest of some times. Writers use it so that a later write never has an earlier time.</summary>
    public static DateTimeOffset Latest(DateTimeOffset at, params ReadOnlySpan<DateTimeOffset?> others)
    {
        foreach (var other in others)
        {
            at = other > at ? other.Value : at;
        }

        return at;
    }

    /// <summary>Whole minutes since 1970 (UTC).</summary>
    public static long Minute(this DateTimeOffset at) => at.ToUnixTimeSeconds() / 60;

    /// <summary>Whole hours since 1970 (UTC).</summary>
    public static long Hour(this DateTimeOffset at) => at.ToUnixTimeSeconds() / 3600;
}
