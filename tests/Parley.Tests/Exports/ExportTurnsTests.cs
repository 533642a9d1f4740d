using Parley.Exports;
using Parley.Storage;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Exports;

public class ExportTurnsTests
{
    private static readonly TenantId One = new(1);
    private static readonly TenantId Two = new(2);
    private static readonly TenantId Three = new(3);

    [Fact]
    public Task One_tenant_cannot_take_what_others_need() => Interleaving.RunAsync(1, async run =>
    {
        var turns = new ExportTurns(all: 2, perTenant: 1, run.Time);
        Assert.True(await TakeAsync(turns, One));
        var second = TakeAsync(turns, One);
        Assert.True(await TakeAsync(turns, Two));
        var third = TakeAsync(turns, Three);
        await Task.Delay(TimeSpan.FromSeconds(1), run.Time);
        Assert.False(second.IsCompleted || third.IsCompleted);

        turns.Return(Two);
        await Task.Delay(TimeSpan.FromSeconds(1), run.Time);
        Assert.False(second.IsCompleted);
        Assert.True(await third);

        turns.Return(One);
        Assert.True(await second);
    });

    [Fact]
    public Task Waiting_ends_and_so_does_the_number_of_those_who_wait() => Interleaving.RunAsync(1, async run =>
    {
        var turns = new ExportTurns(all: 9, perTenant: 1, run.Time);
        Assert.True(await TakeAsync(turns, One));
        var waiting = Enumerable.Range(0, ExportTurns.MaxWaiting).Select(_ => TakeAsync(turns, One)).ToList();
        Assert.False(await TakeAsync(turns, One));
        Assert.All(waiting, one => Assert.False(one.IsCompleted));
        Assert.True(await TakeAsync(turns, Two));

        Assert.All(await Task.WhenAll(waiting), Assert.False);
        turns.Return(One);
        Assert.True(await TakeAsync(turns, One));
    });

    private static Task<bool> TakeAsync(ExportTurns turns, TenantId tenant) => turns.TryTakeAsync(tenant, CancellationToken.None);
}
