using Parley.Core;
using Parley.Tenants.Limits;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Tenants.Limits;

public class TenantConcurrencyLimiterTests
{
    private static readonly TenantId One = new(1);
    private static readonly TenantId Two = new(2);
    private static readonly TenantId Three = new(3);

    [Fact]
    public Task One_tenant_cannot_take_all_slots() => Interleaving.RunAsync(1, async run =>
    {
        var limiter = new TenantConcurrencyLimiter(all: 2, perTenant: 1, run.Time);
        Assert.True(await TakeAsync(limiter, One));
        var second = TakeAsync(limiter, One);
        Assert.True(await TakeAsync(limiter, Two));
        var third = TakeAsync(limiter, Three);
        await Task.Delay(TimeSpan.FromSeconds(1), run.Time);
        Assert.False(second.IsCompleted || third.IsCompleted);

        limiter.Return(Two);
        await Task.Delay(TimeSpan.FromSeconds(1), run.Time);
        Assert.False(second.IsCompleted);
        Assert.True(await third);

        limiter.Return(One);
        Assert.True(await second);
    });

    [Fact]
    public Task Waiting_and_the_number_of_waiters_are_limited() => Interleaving.RunAsync(1, async run =>
    {
        var limiter = new TenantConcurrencyLimiter(all: 9, perTenant: 1, run.Time);
        Assert.True(await TakeAsync(limiter, One));
        var waiting = Enumerable.Range(0, TenantConcurrencyLimiter.MaxWaiting).Select(_ => TakeAsync(limiter, One)).ToList();
        Assert.False(await TakeAsync(limiter, One));
        Assert.All(waiting, one => Assert.False(one.IsCompleted));
        Assert.True(await TakeAsync(limiter, Two));

        Assert.All(await Task.WhenAll(waiting), Assert.False);
        limiter.Return(One);
        Assert.True(await TakeAsync(limiter, One));
    });

    private static Task<bool> TakeAsync(TenantConcurrencyLimiter limiter, TenantId tenant) => limiter.TryTakeAsync(tenant, CancellationToken.None);
}
