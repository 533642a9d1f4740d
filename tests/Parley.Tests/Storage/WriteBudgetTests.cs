using Parley.Core;
using Parley.Storage;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Storage;

public class WriteBudgetTests
{
    private static readonly Func<CancellationToken, Task<int>> Write = _ => Task.FromResult(1);

    [Fact]
    public void All_attempts_of_the_client_fit_into_one_send()
    {
        var retry = StorageClients.TableOptions().Retry;

        // Exponential pauses, with up to 20 % of jitter on each (Azure.Core's DelayStrategy).
        var pauses = Enumerable.Range(0, retry.MaxRetries).Sum(i => Math.Min(retry.MaxDelay.TotalSeconds, retry.Delay.TotalSeconds * Math.Pow(2, i))) * 1.2;

        Assert.True((retry.MaxRetries + 1) * retry.NetworkTimeout.TotalSeconds + pauses < WriteBudget.SendTimeout.TotalSeconds);
    }

    [Fact]
    public async Task After_the_last_attempt_the_error_states_the_known_outcome()
    {
        foreach (var (decided, code) in new[] { (true, ErrorCode.Busy), (false, ErrorCode.StorageUnavailable) })
        {
            var running = new WriteBudget(new VirtualTime(), new RandomSource(1)).Start();
            for (var i = 0; i < WriteBudget.MaxAttempts; i++)
            {
                await running.SendAsync(Write, CancellationToken.None);
            }

            if (decided)
            {
                running.NothingLanded();
            }

            var end = Assert.Throws<ParleyException>(running.ThrowIfUsedUp);
            Assert.Equal(code, end.Code);
            Assert.NotNull(end.RetryAfter);
        }
    }

    [Fact]
    public async Task Rounds_that_fail_before_they_send_are_counted_too()
    {
        var running = new WriteBudget(TimeProvider.System, new RandomSource(1)).Start();
        for (var i = 0; i < WriteBudget.MaxAttempts; i++)
        {
            await running.WaitAsync(CancellationToken.None);
            running.ThrowIfUsedUp();
        }

        await running.WaitAsync(CancellationToken.None);
        Assert.Equal(ErrorCode.Busy, Assert.Throws<ParleyException>(running.ThrowIfUsedUp).Code);
    }

    [Fact]
    public async Task An_append_older_than_fifteen_seconds_is_not_sent()
    {
        var time = new VirtualTime();
        var running = new WriteBudget(time, new RandomSource(1)).Start();
        time.Advance(WriteBudget.MaxAge);
        await running.SendAsync(Write, CancellationToken.None);
        running.NothingLanded();
        time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(ErrorCode.Busy, (await Assert.ThrowsAsync<ParleyException>(() => running.SendAsync<int>(_ => throw new InvalidOperationException("sent"), CancellationToken.None))).Code);
    }

    [Fact]
    public async Task A_send_ends_after_ten_seconds()
    {
        var time = new VirtualTime();
        var sending = new WriteBudget(time, new RandomSource(1)).Start().SendAsync(
            async token =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, time, token);
                return 0;
            },
            CancellationToken.None);
        time.Advance(WriteBudget.SendTimeout);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
    }
}
