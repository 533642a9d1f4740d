using Parley.Core;
using Parley.Storage;
using Xunit;

namespace Parley.Tests.Storage;

public class KeyedLockTests
{
    [Fact]
    public async Task Waiters_of_a_key_hold_the_lock_one_at_a_time_in_order()
    {
        var locks = new KeyedLock();
        var first = await locks.EnterAsync("a", default);
        var second = locks.EnterAsync("a", default);
        var third = locks.EnterAsync("a", default);
        var other = locks.EnterAsync("b", default);

        Assert.True(other.IsCompletedSuccessfully);
        Assert.False(second.IsCompleted);
        first.Dispose();
        (await second).Dispose();
        (await third).Dispose();
        (await locks.EnterAsync("a", default)).Dispose();
    }

    [Fact]
    public async Task The_65th_waiter_is_rejected_with_retry_after()
    {
        var locks = new KeyedLock();
        using var holder = await locks.EnterAsync("a", default);
        var waiting = Enumerable.Range(0, KeyedLock.MaxWaiting).Select(_ => locks.EnterAsync("a", default)).ToList();

        var refused = await Assert.ThrowsAsync<ParleyException>(() => locks.EnterAsync("a", default));

        Assert.Equal(ErrorCode.Busy, refused.Code);
        Assert.NotNull(refused.RetryAfter);
        holder.Dispose();
        foreach (var entered in waiting)
        {
            (await entered).Dispose();
        }
    }

    [Fact]
    public async Task A_cancelled_waiter_releases_its_place()
    {
        var locks = new KeyedLock();
        var holder = await locks.EnterAsync("a", default);
        using var leaving = new CancellationTokenSource();
        var left = locks.EnterAsync("a", leaving.Token);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        var next = locks.EnterAsync("a", default);

        holder.Dispose();
        holder.Dispose(); // a second Dispose has no effect

        (await next).Dispose();
        (await locks.EnterAsync("a", default)).Dispose();
    }
}
