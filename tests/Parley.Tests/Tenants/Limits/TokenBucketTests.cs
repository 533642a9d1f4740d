using Parley.Tenants.Limits;
using Xunit;

namespace Parley.Tests.Tenants.Limits;

public class TokenBucketTests
{
    private const long Frequency = 10_000_000;

    [Fact]
    public void Units_come_back_continuously()
    {
        var bucket = new TokenBucket(new Rate(600, 60), Frequency, now: 0);
        bucket.Use(600);
        Assert.Equal((0, 1L), (bucket.Remaining, bucket.SecondsUntil(1)));

        bucket.Refill(Frequency / 10 - 1);
        Assert.Equal(0, bucket.Remaining);
        bucket.Refill(Frequency / 10);
        Assert.Equal((1, 0L), (bucket.Remaining, bucket.SecondsUntil(1)));
        bucket.Refill(60 * Frequency - 1);
        Assert.Equal((599, false), (bucket.Remaining, bucket.IsFull));
        bucket.Refill(60 * Frequency);
        Assert.Equal((600, true), (bucket.Remaining, bucket.IsFull));
        bucket.Refill(600 * Frequency);
        Assert.Equal(600, bucket.Remaining);
    }

    [Fact]
    public void A_debt_is_paid_before_a_unit_is_left()
    {
        var bucket = new TokenBucket(new Rate(10, 5), Frequency, now: 0);
        bucket.Use(30);
        Assert.Equal((0, 11L), (bucket.Remaining, bucket.SecondsUntil(1)));

        bucket.Refill(10 * Frequency);
        Assert.Equal((0, 1L), (bucket.Remaining, bucket.SecondsUntil(1)));
        bucket.Refill(10 * Frequency + Frequency / 2);
        Assert.Equal((1, 0L), (bucket.Remaining, bucket.SecondsUntil(1)));
    }

    [Fact]
    public void A_clock_that_goes_back_changes_nothing_and_a_return_does_not_exceed_the_quota()
    {
        var bucket = new TokenBucket(new Rate(3, 1), Frequency, now: 100);
        bucket.Use(1);
        bucket.Refill(50);
        Assert.Equal(2, bucket.Remaining);
        bucket.Return(2);
        Assert.Equal((3, true, 0L), (bucket.Remaining, bucket.IsFull, (long)bucket.TicksUntilFull()));
    }

    [Fact]
    public void A_debt_is_at_most_a_month()
    {
        var bucket = new TokenBucket(new Rate(1, 99_999), Frequency, now: 0);
        bucket.Use(50_000_000);
        Assert.Equal(TokenBucket.MaxDebtSeconds + 99_999, bucket.SecondsUntil(1));
    }

    /// <summary>The promised wait is always enough, and never a whole second too long.</summary>
    [Theory]
    [InlineData(10_000_000)]
    [InlineData(1_000_000_000)]
    [InlineData(3_579_545)]
    public void The_wait_is_enough_and_not_a_second_more(long frequency)
    {
        var random = new Random(1);
        for (var i = 0; i < 20_000; i++)
        {
            var rate = new Rate(1 + random.NextInt64(random.Next(4) switch { 0 => 3, 1 => 1_000, 2 => 1_000_000, _ => 999_999_999_999 }), 1 + random.Next(99_999));
            var now = random.NextInt64(1L << 50);
            var bucket = new TokenBucket(rate, frequency, now);
            bucket.Use(rate.Count - random.Next(2));
            bucket.Use(random.Next(3) == 0 ? random.NextInt64(1_000_000) : 0);
            now += random.NextInt64(frequency);
            bucket.Refill(now);
            var wait = bucket.SecondsUntil(1);
            if (wait == 0)
            {
                Assert.True(bucket.Remaining > 0);
                continue;
            }

            bucket.Refill(now + (wait - 1) * frequency);
            Assert.Equal(0, bucket.Remaining);
            bucket.Refill(now + wait * frequency);
            Assert.True(bucket.Remaining > 0, $"{rate} after {wait} s");
        }
    }
}
