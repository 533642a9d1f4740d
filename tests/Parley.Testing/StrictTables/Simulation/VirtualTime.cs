namespace Parley.Testing;

/// <summary>
/// A clock that advances only on request. Timers run in the order of their due times, on the thread that advances the
/// time; so do Task.Delay and CancellationTokenSource with this provider.
/// </summary>
/// <param name="start">The initial time.</param>
public sealed class VirtualTime(DateTimeOffset start) : TimeProvider
{
    private readonly Lock gate = new();
    private readonly SortedSet<VirtualTimer> timers = new(Comparer<VirtualTimer>.Create(
        (left, right) => left.Due != right.Due ? left.Due.CompareTo(right.Due) : left.Order.CompareTo(right.Order)));

    private long now = start.UtcTicks;
    private long orders;

    /// <summary>Starts at 2026-03-01, noon.</summary>
    public VirtualTime()
        : this(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero))
    {
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow() => new(GetTimestamp(), TimeSpan.Zero);

    public override long GetTimestamp() => Interlocked.Read(ref now);

    /// <summary>Advances the time and runs each timer on the way at its own due time.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        var until = GetTimestamp() + by.Ticks;
        while (TakeNext(until) is { } timer)
        {
            timer.Send();
        }

        Interlocked.Exchange(ref now, until);
    }

    /// <summary>Advances to the next timer and runs it; false when there is none.</summary>
    public bool AdvanceToNext()
    {
        var timer = TakeNext(long.MaxValue);
        timer?.Send();
        return timer is not null;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new VirtualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private VirtualTimer? TakeNext(long until)
    {
        lock (gate)
        {
            if (timers.Min is not { } timer || timer.Due > until)
            {
                return null;
            }

            timers.Remove(timer);
            Interlocked.Exchange(ref now, Math.Max(now, timer.Due));
            if (timer.Period > TimeSpan.Zero)
            {
                Schedule(timer, timer.Period);
            }

            return timer;
        }
    }

    private void Schedule(VirtualTimer timer, TimeSpan dueTime)
    {
        timer.Due = GetTimestamp() + dueTime.Ticks;
        timer.Order = ++orders;
        timers.Add(timer);
    }

    private sealed class VirtualTimer(VirtualTime time, TimerCallback callback, object? state) : ITimer
    {
        public long Due { get; set; }

        public long Order { get; set; }

        public TimeSpan Period { get; private set; }

        public void Send() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time.gate)
            {
                time.timers.Remove(this);
                Period = period;
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    time.Schedule(this, dueTime);
                }
            }

            return true;
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
