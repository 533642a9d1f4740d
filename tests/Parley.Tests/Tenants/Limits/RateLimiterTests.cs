using Parley.Core;
using Parley.Tenants.Limits;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Tenants.Limits;

public class RateLimiterTests
{
    private static readonly TenantId One = new(1);
    private static readonly TenantId Two = new(2);

    private readonly VirtualTime time = new();

    [Fact]
    public void Keys_share_the_tenants_quota_and_have_their_own()
    {
        var limiter = Limiter(("Limits:Tenant:Requests", "3/30s"), ("Limits:Key:Requests", "2/30s"));
        limiter.Find(One, 1)!.Take(LimitUnits.Requests);
        limiter.Find(One, 1)!.Take(LimitUnits.Requests);
        Assert.Equal(["key-requests"], Refused(limiter, One, 1).ViolatedPolicies);

        limiter.Find(One, 2)!.Take(LimitUnits.Requests);
        Assert.Equal(["tenant-requests"], Refused(limiter, One, 2).ViolatedPolicies);
        Assert.Equal(["tenant-requests", "key-requests"], Refused(limiter, One, 1).ViolatedPolicies);
        limiter.Find(Two, 1)!.Take(LimitUnits.Requests);
    }

    [Fact]
    public void A_refusal_uses_nothing_and_names_only_what_refused()
    {
        var limiter = Limiter(("Limits:Tenant:Requests", "100/100s"), ("Limits:Tenant:Exports", "1/1000s"));
        limiter.Find(One, 1)!.Take(LimitUnits.Requests | LimitUnits.Exports);
        for (var i = 0; i < 50; i++)
        {
            var refused = Refused(limiter, One, 1, LimitUnits.Requests | LimitUnits.Exports);
            Assert.Equal((ErrorCode.QuotaExceeded, TimeSpan.FromSeconds(1000)), (refused.Code, refused.RetryAfter));
            Assert.Equal("The quota is used up: tenant-exports (1 in 1000 s). Try again in 1000 s.", refused.Message);
        }

        var use = limiter.Find(One, 1)!;
        use.Take(LimitUnits.Requests);
        Assert.Equal(["tenant-requests 98 1"], Shown(use));
    }

    [Fact]
    public void What_is_not_created_is_given_back()
    {
        var limiter = Limiter(("Limits:Tenant:Messages", "1/1000s"), ("Limits:Tenant:Requests", "9/9s"));
        var use = limiter.Find(One, 1)!;
        use.Take(LimitUnits.Requests | LimitUnits.Messages);
        use.Return(LimitUnits.Messages);
        limiter.Find(One, 1)!.Take(LimitUnits.Requests | LimitUnits.Messages);
        Assert.Equal(["tenant-requests 7 1", "tenant-messages 0 1000"], Shown(use));
    }

    [Fact]
    public void Bytes_are_used_as_they_are_read_and_a_debt_refuses_the_next_body()
    {
        var limiter = Limiter(("Limits:Tenant:Bytes", "100/10s"));
        var use = limiter.Find(One, 1)!;
        use.Take(LimitUnits.Requests | LimitUnits.Bytes);
        Assert.Equal(["tenant-bytes 100 0"], Shown(use));
        use.UseBytes(250);
        Assert.Equal(["tenant-bytes 0 16"], Shown(use));
        Assert.Equal(TimeSpan.FromSeconds(16), Refused(limiter, One, 1, LimitUnits.Requests | LimitUnits.Bytes).RetryAfter);

        limiter.Find(One, 1)!.Take(LimitUnits.Requests);
        time.Advance(TimeSpan.FromSeconds(16));
        limiter.Find(One, 1)!.Take(LimitUnits.Requests | LimitUnits.Bytes);
    }

    [Fact]
    public void A_caller_without_limits_has_no_quota()
    {
        Assert.Null(Limiter().Find(One, 1));
        var limiter = Limiter(("Limits:Tenants:2:Requests", "1/1s"));
        Assert.Null(limiter.Find(One, 1));
        Assert.NotNull(limiter.Find(Two, 1));
    }

    /// <summary>
    /// Callers at random times: in no interval are more admitted than the quota and what came back in it, and whoever
    /// waits as long as it was told is admitted.
    /// </summary>
    [Fact]
    public void No_interval_exceeds_the_quota_and_every_promise_is_kept()
    {
        for (var seed = 1; seed <= 200; seed++)
        {
            var random = new Random(seed);
            var (count, seconds) = (1 + random.Next(20), 1 + random.Next(60));
            var limiter = Limiter(("Limits:Tenant:Requests", $"{count}/{seconds}s"));
            var admitted = new List<TimeSpan>();
            var elapsed = TimeSpan.Zero;
            for (var i = 0; i < 200; i++)
            {
                var pause = TimeSpan.FromTicks(random.NextInt64(2 * TimeSpan.TicksPerSecond * seconds / count));
                try
                {
                    limiter.Find(One, random.Next(3))!.Take(LimitUnits.Requests);
                    admitted.Add(elapsed);
                }
                catch (ParleyException e) when (random.Next(2) == 0)
                {
                    pause = e.RetryAfter!.Value;
                    time.Advance(pause);
                    elapsed += pause;
                    limiter.Find(One, 1)!.Take(LimitUnits.Requests);
                    admitted.Add(elapsed);
                    continue;
                }
                catch (ParleyException)
                {
                    // This caller does not wait.
                }

                time.Advance(pause);
                elapsed += pause;
            }

            for (var first = 0; first < admitted.Count; first++)
            {
                for (var last = first; last < admitted.Count; last++)
                {
                    var allowed = count + (admitted[last] - admitted[first]) * count / TimeSpan.FromSeconds(seconds);
                    Assert.True(last - first + 1 <= allowed + 1e-6, $"Seed {seed}: {last - first + 1} of {allowed}.");
                }
            }
        }
    }

    [Fact]
    public async Task Concurrent_callers_get_exactly_the_quota()
    {
        var limiter = Limiter(("Limits:Tenant:Requests", "1000/99999s"), ("Limits:Key:Requests", "400/99999s"));
        var admitted = await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() =>
        {
            var count = 0;
            for (var i = 0; i < 1000; i++)
            {
                try
                {
                    limiter.Find(One, worker % 4)!.Take(LimitUnits.Requests);
                    count++;
                }
                catch (ParleyException e) when (e.Code == ErrorCode.QuotaExceeded)
                {
                    // Expected of seven in eight.
                }
            }

            return count;
        })));

        Assert.Equal(1000, admitted.Sum());
    }

    [Fact]
    public void A_bounded_number_is_remembered_and_full_quotas_are_forgotten_first()
    {
        var limiter = Limiter(("Limits:Tenant:Requests", "10/10s"));
        limiter.Find(One, 1)!.Take(LimitUnits.Requests);
        time.Advance(TimeSpan.FromSeconds(20));
        for (var tenant = 2; tenant <= RateLimiter.MaxOwners + 1; tenant++)
        {
            var use = limiter.Find(new TenantId(tenant), 1)!;
            for (var i = 0; i < (tenant == 2 ? 10 : 1); i++)
            {
                use.Take(LimitUnits.Requests);
            }
        }

        Assert.InRange(limiter.Count, RateLimiter.MaxOwners / 2, RateLimiter.MaxOwners);

        // The one whose quota was used up is still known.
        Refused(limiter, Two, 1);
    }

    private RateLimiter Limiter(params (string Name, string? Value)[] settings) => new(RateOptionsTests.Read(settings), time);

    private static ParleyException Refused(RateLimiter limiter, TenantId tenant, int key, LimitUnits units = LimitUnits.Requests) =>
        Assert.Throws<ParleyException>(() => limiter.Find(tenant, key)!.Take(units));

    private static IEnumerable<string> Shown(QuotaUse use) =>
        use.ReadStates().Select(state => $"{state.Policy.Name} {state.Remaining} {state.ResetSeconds}");
}
