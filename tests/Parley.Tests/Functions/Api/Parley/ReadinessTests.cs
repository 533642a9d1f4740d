using Microsoft.Extensions.Logging.Abstractions;
using Parley.Core;
using Parley.Functions.Api.Parley;
using Parley.Storage;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Functions.Api.Parley;

public class ReadinessTests
{
    private readonly VirtualTime time = new();
    private bool isDown;
    private int calls;

    [Fact]
    public async Task A_result_serves_all_probes_for_two_seconds()
    {
        var readiness = await NewAsync();

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => readiness.CheckAsync(CancellationToken.None)));
        time.Advance(TimeSpan.FromSeconds(1.9));
        await readiness.CheckAsync(CancellationToken.None);
        Assert.Equal(1, calls);

        time.Advance(TimeSpan.FromSeconds(0.1));
        await readiness.CheckAsync(CancellationToken.None);
        Assert.Equal(2, calls);
    }

    [Fact]
    public async Task A_failure_is_a_result_too_and_a_recovery_shows_within_two_seconds()
    {
        var readiness = await NewAsync();
        isDown = true;

        await Assert.ThrowsAsync<ParleyException>(() => readiness.CheckAsync(CancellationToken.None));
        isDown = false;
        await Assert.ThrowsAsync<ParleyException>(() => readiness.CheckAsync(CancellationToken.None));
        Assert.Equal(1, calls);

        time.Advance(TimeSpan.FromSeconds(2));
        await readiness.CheckAsync(CancellationToken.None);
        isDown = true;
        time.Advance(TimeSpan.FromSeconds(2));
        await Assert.ThrowsAsync<ParleyException>(() => readiness.CheckAsync(CancellationToken.None));
    }

    private async Task<Readiness> NewAsync()
    {
        var storage = new StrictTables(time);
        await new ParleyTables(storage.Connect().ServiceClient()).CreateIfNotExistsAsync(CancellationToken.None);
        return new Readiness(new ParleyTables(storage.Connect("probe", new TableHooks { Fault = _ => Count() }).ServiceClient()), time, NullLogger<Readiness>.Instance);
    }

    private Fault Count()
    {
        calls++;
        return isDown ? Fault.Busy : Fault.None;
    }
}
