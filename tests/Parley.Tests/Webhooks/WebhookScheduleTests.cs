using Parley.Core;
using Parley.Tests.DevHost;
using Parley.Webhooks;
using Xunit;

namespace Parley.Tests.Webhooks;

public class WebhookScheduleTests
{
    private readonly WebhookSchedule schedule = new(new RandomSource(7));

    public static TheoryData<int> Statuses { get; } = new(Enumerable.Range(100, 500));

    [Theory]
    [MemberData(nameof(Statuses))]
    public void Every_status_has_a_meaning(int status)
    {
        var first = status switch { >= 200 and < 300 => WebhookVerdict.Delivered, 410 => WebhookVerdict.Gone, _ => WebhookVerdict.Retry };

        Assert.Equal(first, schedule.After(1, Response(status)).Verdict);
        Assert.Equal(first, schedule.After(7, Response(status)).Verdict);
        Assert.Equal(first == WebhookVerdict.Retry ? WebhookVerdict.Exhausted : first, schedule.After(8, Response(status)).Verdict);
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public void Every_failure_is_retried_except_after_the_last_attempt(WebhookFailure failure)
    {
        var result = new WebhookResult(null, failure, TimeSpan.Zero);

        Assert.All(Enumerable.Range(1, 7), attempt => Assert.Equal(WebhookVerdict.Retry, schedule.After(attempt, result).Verdict));
        Assert.Equal(new WebhookStep(WebhookVerdict.Exhausted), schedule.After(8, result));
    }

    public static TheoryData<WebhookFailure> Failures { get; } = new(Enum.GetValues<WebhookFailure>());

    [Fact]
    public void Eight_attempts_at_their_times_on_a_virtual_clock()
    {
        double[] planned = [5, 5 + 300, 305 + 1_800, 2_105 + 7_200, 9_305 + 18_000, 27_305 + 36_000, 63_305 + 36_000];
        for (var seed = 0; seed < 200; seed++)
        {
            var (time, timed) = (new ManualTime(DateTimeOffset.UnixEpoch), new WebhookSchedule(new RandomSource(seed)));
            var attempts = new List<double> { 0 };
            for (var attempt = 1; timed.After(attempt, Response(500)) is { Verdict: WebhookVerdict.Retry } step; attempt++)
            {
                time.Advance(step.Delay);
                attempts.Add((time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds);
            }

            Assert.Equal(8, attempts.Count);
            Assert.All(planned.Zip(attempts.Skip(1)), pair => Assert.InRange(pair.Second, pair.First, pair.First * 1.2));
        }
    }

    [Fact]
    public void Jitter_spreads_over_its_range()
    {
        var delays = Enumerable.Range(0, 1_000).Select(_ => schedule.After(3, Response(503)).Delay.TotalMinutes).ToList();

        Assert.InRange(delays.Min(), 30, 30.5);
        Assert.InRange(delays.Max(), 35.5, 36);
    }

    [Theory]
    [InlineData(1, 3, 5)]
    [InlineData(1, 60, 60)]
    [InlineData(2, 60, 300)]
    [InlineData(2, 3_600, 3_600)]
    [InlineData(1, 36_000, 36_000)]
    [InlineData(1, 36_001, 36_000)]
    [InlineData(1, 1e9, 36_000)]
    [InlineData(1, -60, 5)]
    [InlineData(7, 60, 36_000)]
    public void Retry_after_only_delays_and_within_bounds(int attempt, double requested, double least)
    {
        var step = schedule.After(attempt, Response(429) with { RetryAfter = TimeSpan.FromSeconds(requested) });

        Assert.InRange(step.Delay.TotalSeconds, least, least * 1.2);
    }

    [Fact]
    public void Retry_after_adds_no_attempt() =>
        Assert.Equal(WebhookVerdict.Exhausted, schedule.After(8, Response(503) with { RetryAfter = TimeSpan.FromSeconds(1) }).Verdict);

    [Fact]
    public void Attempts_count_from_one() => Assert.Throws<ArgumentOutOfRangeException>(() => schedule.After(0, Response(500)));

    private static WebhookResult Response(int status) => new(status, null, TimeSpan.Zero);
}
