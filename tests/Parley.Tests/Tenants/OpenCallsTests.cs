using Parley.Tenants;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Tenants;

public sealed class OpenCallsTests
{
    /// <summary>Otherwise the trace of the first call would contain the checks of all later ones.</summary>
    [Fact]
    public async Task The_timer_has_not_the_context_of_the_first_call()
    {
        var time = new VirtualTime();
        var tables = new StrictTables(time);
        var (_, key) = await TenantProcess.SetUpAsync(tables, time);
        var process = new ParleyProcess(tables.Connect(), time, 1);
        var caller = await process.Authenticator.AuthenticateAsync(key.Text, CancellationToken.None);
        var flows = new List<bool>();
        using var calls = new OpenCalls(process.Authenticator, new ObservedTime(time, flows));

        using var first = calls.Begin(caller);
        using (ExecutionContext.SuppressFlow())
        {
            using var second = calls.Begin(caller);
        }

        Assert.Equal([false], flows);
        Assert.False(ExecutionContext.IsFlowSuppressed());
    }

    /// <summary>Notes for each timer whether it is started with the caller's context.</summary>
    private sealed class ObservedTime(TimeProvider inner, List<bool> flows) : TimeProvider
    {
        public override long TimestampFrequency => inner.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => inner.GetUtcNow();

        public override long GetTimestamp() => inner.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            flows.Add(!ExecutionContext.IsFlowSuppressed());
            return inner.CreateTimer(callback, state, dueTime, period);
        }
    }
}
