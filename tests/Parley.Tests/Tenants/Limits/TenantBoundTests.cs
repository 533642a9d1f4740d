using Parley.Core;
using Parley.Tenants.Limits;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Tenants.Limits;

public class TenantBoundTests
{
    private static readonly TenantId One = new(1);

    [Fact]
    public void A_slot_is_returned_once()
    {
        var bound = new TenantBounds(new BoundOptions(1, 2, 1, 1), new VirtualTime()).Listeners;
        var first = bound.Take(One);
        var second = bound.Take(One);
        var refused = Assert.Throws<ParleyException>(() => bound.Take(One));
        Assert.Equal((ErrorCode.QuotaExceeded, "tenant-listeners"), (refused.Code, Assert.Single(refused.ViolatedPolicies!)));
        Assert.Equal("Too many requests wait for completions at once: tenant-listeners is 2. Try again when one has ended.", refused.Message);
        Assert.NotNull(refused.RetryAfter);
        bound.Take(new TenantId(2)).Dispose();

        first.Dispose();
        first.Dispose();
        using var third = bound.TryTake(One);
        Assert.NotNull(third);
        Assert.Null(bound.TryTake(One));
        second.Dispose();
    }

    [Fact]
    public Task A_caller_that_may_wait_gets_the_next_slot_or_is_refused() => Interleaving.RunAsync(1, async run =>
    {
        var bound = new TenantBounds(new BoundOptions(1, 1, 1, 1), run.Time).Uploads;
        var first = await bound.WaitAsync(One, CancellationToken.None);
        var waiting = bound.WaitAsync(One, CancellationToken.None);
        await Task.Delay(TimeSpan.FromSeconds(1), run.Time);
        Assert.False(waiting.IsCompleted);
        first.Dispose();
        using var second = await waiting;

        var refused = await Assert.ThrowsAsync<ParleyException>(() => bound.WaitAsync(One, CancellationToken.None));
        Assert.Equal(["tenant-uploads"], refused.ViolatedPolicies);
    });
}
