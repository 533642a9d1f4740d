using Parley.Storage;
using Parley.Testing;
using Parley.Tests.Conversations.FollowUps;
using Xunit;

namespace Parley.Tests.Storage;

/// <summary>The clock of storage, by the answers to a process whose own clock differs.</summary>
public sealed class StorageClockTests
{
    private readonly VirtualTime time = new(new DateTimeOffset(2026, 1, 2, 9, 30, 30, 400, TimeSpan.Zero));

    [Theory]
    [InlineData(0)]
    [InlineData(1.5)]
    [InlineData(-1.5)]
    public async Task A_clock_that_agrees_is_used_because_it_is_finer(double ahead)
    {
        var own = new SkewedTime(time, TimeSpan.FromSeconds(ahead));

        var clock = await AfterAnAnswerAsync(own);

        Assert.Equal((own.GetUtcNow(), own.GetUtcNow()), (clock.Earliest, clock.Now));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(-5)]
    [InlineData(0.1)]
    public async Task A_clock_that_differs_is_corrected(double minutes)
    {
        var clock = await AfterAnAnswerAsync(new SkewedTime(time, TimeSpan.FromMinutes(minutes)));

        Assert.InRange(time.GetUtcNow() - clock.Now, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.InRange(time.GetUtcNow() - clock.Now, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.Equal(clock.Now, clock.Earliest);
    }

    [Fact]
    public async Task An_answer_that_was_long_under_way_gives_bounds_until_there_is_a_better_one()
    {
        foreach (var minutes in new[] { -5, 0, 5 })
        {
            var (underWay, clock) = (TimeSpan.FromSeconds(60), new StorageClock(new SkewedTime(time, TimeSpan.FromMinutes(minutes))));
            await AnswerAsync(clock, underWay);
            Assert.InRange(time.GetUtcNow(), clock.Earliest, clock.Now + TimeSpan.FromSeconds(1));

            await AnswerAsync(clock, TimeSpan.FromSeconds(1));
            Assert.InRange(time.GetUtcNow() - clock.Now, TimeSpan.FromSeconds(-1), TimeSpan.FromSeconds(1));
            await AnswerAsync(clock, underWay);
            Assert.InRange(time.GetUtcNow() - clock.Earliest, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        }
    }

    [Fact]
    public void Before_the_first_answer_it_is_the_processs_own_time()
    {
        var clock = new StorageClock(time);

        Assert.False(clock.IsKnown);
        Assert.Equal(time.GetUtcNow(), clock.Now);
    }

    private async Task<StorageClock> AfterAnAnswerAsync(TimeProvider own)
    {
        var clock = new StorageClock(own);
        await AnswerAsync(clock, TimeSpan.Zero);
        return clock;
    }

    /// <summary>An answer that storage dates before it is under way.</summary>
    private async Task AnswerAsync(StorageClock clock, TimeSpan underWay)
    {
        var hooks = new TableHooks { After = (_, _) => time.Advance(underWay) };
        var tables = new ParleyTables(new StrictTables(time).Connect("process", hooks).ServiceClient(clock: clock));
        await tables.Tenants.CreateIfNotExistsAsync();
    }
}
