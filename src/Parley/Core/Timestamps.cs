namespace Parley.Core;

/// <summary>Times as Parley stores and shows them: UTC, whole milliseconds, so that what is stored equals what was shown.</summary>
public static class Timestamps
{
    /// <summary>The earliest that storage keeps ("Table service data model").</summary>
    public static readonly DateTimeOffset Earliest = new(1601, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Now, cut to the millisecond.</summary>
    public static DateTimeOffset NowInMilliseconds(this TimeProvider time)
    {
        var now = time.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));
    }

    /// <summary>The same time in UTC, or the next whole millisecond after it; the calendar's last one has none after it.</summary>
    public static DateTimeOffset UpToMillisecond(this DateTimeOffset at)
    {
        var (over, utc) = (at.UtcTicks % TimeSpan.TicksPerMillisecond, at.ToUniversalTime().AddTicks(-(at.UtcTicks % TimeSpan.TicksPerMillisecond)));
        return over == 0 || utc > DateTimeOffset.MaxValue.AddMilliseconds(-1) ? utc : utc.AddMilliseconds(1);
    }

    /// <summary>The latest of some times: what comes later in the order of writes is never dated earlier.</summary>
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
