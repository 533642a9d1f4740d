using System.Diagnostics;

namespace Parley.Benchmarks;

/// <summary>
/// A clock that stands still, at half past an hour, until it is advanced: a count must not depend on the time of the
/// run.
/// </summary>
internal sealed class SettableTime : TimeProvider
{
    private readonly DateTimeOffset start;
    private readonly long startTimestamp = Stopwatch.GetTimestamp();
    private TimeSpan moved;

    public SettableTime()
    {
        var now = System.GetUtcNow();
        start = new DateTimeOffset(now.Year, now.Month, now.Day, now.Hour, 30, 0, TimeSpan.Zero);
    }

    public void Advance(TimeSpan by) => moved += by;

    public override DateTimeOffset GetUtcNow() => start + moved;

    public override long GetTimestamp() => startTimestamp + (long)(moved.TotalSeconds * TimestampFrequency);
}
