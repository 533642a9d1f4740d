using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Parley.Core;
using Parley.Functions.Api.Access;
using Parley.Tenants;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Parley.Tests.Tenants;
using Xunit;

namespace Parley.Tests.Functions.Api.Access;

public sealed class KeyGuardTests : IAsyncLifetime, IDisposable
{
    private readonly VirtualTime time = new();
    private readonly StrictTables tables;
    private readonly ParleyProcess process;
    private readonly DefaultHttpContext context = new();
    private readonly Connection connection = new();
    private Caller caller = null!;

    public KeyGuardTests()
    {
        tables = new StrictTables(time);
        process = new ParleyProcess(tables.Connect(), time, 1);
        context.Features.Set<IHttpRequestLifetimeFeature>(connection);
        context.Features.Set<IHttpResponseFeature>(connection);
    }

    public async Task InitializeAsync()
    {
        var (_, key) = await TenantProcess.SetUpAsync(tables, time);
        caller = await process.Authenticator.AuthenticateAsync(key.Text, CancellationToken.None);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => connection.Dispose();

    [Fact]
    public async Task A_call_whose_key_is_revoked_is_unauthenticated()
    {
        var running = RunAsync();
        await RevokeAndWaitAsync();
        Assert.Equal(ErrorCode.Unauthenticated, (await Assert.ThrowsAsync<ParleyException>(() => running)).Code);
        Assert.False(connection.IsCut);
        Assert.False(context.RequestAborted.IsCancellationRequested);
    }

    [Fact]
    public async Task A_stream_whose_key_is_revoked_is_cut_off()
    {
        connection.HasStarted = true;
        var running = RunAsync();
        await RevokeAndWaitAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.True(connection.IsCut);
    }

    [Fact]
    public async Task A_client_that_disconnects_is_not_told_about_its_key()
    {
        var running = RunAsync();
        connection.Abort();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task The_use_of_the_key_is_noted()
    {
        await new KeyGuard(process.OpenCalls, process.KeyUses).RunAsync(context, caller, () => Task.CompletedTask);
        Assert.Equal(time.GetUtcNow(), Assert.Single(await TenantProcess.ListAsync(tables, time, caller.Tenant)).LastUsedAt);
    }

    private Task RunAsync() => new KeyGuard(process.OpenCalls, process.KeyUses)
        .RunAsync(context, caller, () => Task.Delay(Timeout.InfiniteTimeSpan, time, context.RequestAborted));

    private async Task RevokeAndWaitAsync()
    {
        await TenantProcess.RevokeAsync(new ParleyProcess(tables.Connect("other"), time, 2), caller.Tenant, caller.Number);
        for (var second = 0; second < 30; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    private sealed class Connection : HttpResponseFeature, IHttpRequestLifetimeFeature, IHttpResponseFeature, IDisposable
    {
        private readonly CancellationTokenSource aborted = new();

        public Connection() => RequestAborted = aborted.Token;

        public new bool HasStarted { get; set; }

        bool IHttpResponseFeature.HasStarted => HasStarted;

        public bool IsCut { get; private set; }

        public CancellationToken RequestAborted { get; set; }

        public void Abort()
        {
            IsCut = true;
            aborted.Cancel();
        }

        public void Dispose() => aborted.Dispose();
    }
}
