using Parley.DevHost.Settings;
using Parley.DevHost.Triggers;
using Parley.DevHost.Worker;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.DevHost;

public sealed class TimerTriggerTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly ManualTime time = new(Noon.AddSeconds(3));
    private readonly TriggerStage stage = new();

    public void Dispose() => stage.Dispose();

    [Fact]
    public async Task A_timer_runs_on_its_schedule_and_never_at_the_start()
    {
        await using var listener = Start("5/20 * * * * *");
        foreach (var second in (int[])[5, 25, 45, 65])
        {
            await Eventually.TrueAsync(() => time.NextDue == Noon.AddSeconds(second));
            time.Advance(Noon.AddSeconds(second) - time.GetUtcNow());
        }

        await Eventually.TrueAsync(() => time.NextDue == Noon.AddSeconds(85));
        Assert.Equal(["tick", "tick", "tick", "tick"], stage.Began);
        Assert.Empty(stage.Logged);
    }

    [Fact]
    public async Task Rare_schedules_wait_a_day_at_a_time()
    {
        await using var listener = Start("0 0 12 1 3 *");
        for (var day = 1; day <= 58; day++)
        {
            await Eventually.TrueAsync(() => time.NextDue == Noon.AddDays(day).AddSeconds(3));
            time.Advance(TimeSpan.FromDays(1));
        }

        await Eventually.TrueAsync(() => time.NextDue == new DateTimeOffset(2030, 3, 1, 12, 0, 0, TimeSpan.Zero));
        time.Advance(TimeSpan.FromDays(1));
        await Eventually.TrueAsync(() => stage.Ended == 1);
    }

    [Fact]
    public async Task Runs_never_overlap_and_one_run_makes_up_for_what_a_long_one_missed()
    {
        stage.OnRun = stage.WaitAtGateAsync;
        await using var listener = Start("*/10 * * * * *");
        await Eventually.TrueAsync(() => time.NextDue == Noon.AddSeconds(10));
        time.Advance(TimeSpan.FromSeconds(7));
        await Eventually.TrueAsync(() => stage.Running == 1);
        time.Advance(TimeSpan.FromSeconds(35));
        Assert.Null(time.NextDue);
        stage.Gate.Release();
        await Eventually.TrueAsync(() => stage.Began.Count == 2);
        stage.Gate.Release();
        await Eventually.TrueAsync(() => time.NextDue == Noon.AddSeconds(50));
        Assert.Equal(["tick", "late tick"], stage.Began);
        Assert.Equal(1, stage.MostAtOnce);
    }

    [Fact]
    public async Task A_failure_is_logged_and_not_repeated()
    {
        stage.OnRun = (_, _) => throw new NotSupportedException("no");
        await using var listener = Start("*/10 * * * * *");
        await Eventually.TrueAsync(() => time.NextDue == Noon.AddSeconds(10));
        time.Advance(TimeSpan.FromSeconds(7));
        await Eventually.TrueAsync(() => time.NextDue == Noon.AddSeconds(20));
        Assert.Equal(1, stage.Ended);
        Assert.Equal(["Function Ticks failed on its tick of 2030-01-01T12:00:10.0000000Z."], stage.Errors);
        time.Advance(TimeSpan.FromSeconds(10));
        await Eventually.TrueAsync(() => stage.Ended == 2);
    }

    [Fact]
    public async Task Stopping_lets_a_running_tick_finish_and_starts_no_other()
    {
        stage.OnRun = stage.WaitAtGateAsync;
        var listener = Start("*/10 * * * * *");
        await Eventually.TrueAsync(() => time.NextDue == Noon.AddSeconds(10));
        time.Advance(TimeSpan.FromSeconds(7));
        await Eventually.TrueAsync(() => stage.Running == 1);
        var stopping = listener.DisposeAsync().AsTask();
        time.Advance(TimeSpan.FromSeconds(20));
        Assert.False(stopping.IsCompleted);
        stage.Gate.Release();
        await stopping.WaitAsync(Wait.Limit);
        Assert.Equal(["tick"], stage.Began);
        Assert.Empty(stage.Logged);
    }

    [Fact]
    public async Task Stopping_does_not_wait_for_the_next_tick()
    {
        var listener = Start("0 0 0 * * *");
        await Eventually.TrueAsync(() => time.NextDue is not null);
        await listener.DisposeAsync().AsTask().WaitAsync(Wait.Limit);
        Assert.Empty(stage.Began);
    }

    private TriggerListener Start(string schedule)
    {
        var listener = stage.NewListener(
            TriggerStage.Function("Ticks", new TriggerBinding { Name = "timer", Type = "timerTrigger", Schedule = schedule }),
            new Dictionary<string, string?>(), new QueueSettings(), time);
        listener.Start();
        return listener;
    }
}
