using Parley.Core;
using Parley.Tenants;
using Parley.Tenants.Audit;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Tenants;

public sealed class TenantAdministrationTests : IAsyncLifetime
{
    private readonly VirtualTime time = new();
    private readonly StrictTables tables;
    private readonly ParleyProcess process;
    private TenantId tenant;
    private NewApiKey key = null!;

    public TenantAdministrationTests()
    {
        tables = new StrictTables(time);
        process = new ParleyProcess(tables.Connect(), time, 1);
    }

    public async Task InitializeAsync() => (tenant, key) = await TenantProcess.SetUpAsync(tables, time);

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Keys_of_a_suspended_tenant_are_refused_until_it_is_resumed()
    {
        var other = new ParleyProcess(tables.Connect("other"), time, 2).Authenticator;
        Assert.Null(await TenantProcess.RefusalAsync(other, key.Text));
        time.Advance(TimeSpan.FromMinutes(1));
        var suspended = await ChangeAsync(null, TenantState.Suspended);
        Assert.Equal((TenantState.Suspended, time.GetUtcNow(), "Acme"), (suspended.State, suspended.StateAt, suspended.Name));
        Assert.Equal(ErrorCode.TenantSuspended, await TenantProcess.RefusalAsync(tables, time, key.Text));
        time.Advance(CredentialCache.CacheTime + TimeSpan.FromMilliseconds(1));
        Assert.Equal(ErrorCode.TenantSuspended, await TenantProcess.RefusalAsync(other, key.Text));

        var resumed = await ChangeAsync("New", TenantState.Active);
        Assert.Equal((TenantState.Active, "New"), (resumed.State, resumed.Name));
        Assert.Null(await TenantProcess.RefusalAsync(tables, time, key.Text));
        Assert.Equal(
            [AuditAction.TenantResumed, AuditAction.TenantRenamed, AuditAction.TenantSuspended],
            (await EntriesAsync()).Take(3).Select(entry => entry.Action));
    }

    [Fact]
    public async Task A_change_to_the_present_values_writes_nothing()
    {
        var before = (await EntriesAsync()).Count;
        await ChangeAsync("Acme", TenantState.Active);
        await ChangeAsync(null, null);
        Assert.Equal(before, (await EntriesAsync()).Count);
    }

    [Fact]
    public async Task Tenants_are_listed_newest_first()
    {
        for (var i = 0; i < 4; i++)
        {
            await process.Administration.CreateTenantAsync($"{i}", TenantProcess.Operator, CancellationToken.None);
        }

        var first = await process.Tenants.ListAsync(null, 3, CancellationToken.None);
        var second = await process.Tenants.ListAsync(first.Next, 3, CancellationToken.None);
        Assert.Equal(["3", "2", "1", "0", "Acme"], first.Items.Concat(second.Items).Select(one => one.Name));
        Assert.Null(second.Next);
    }

    [Theory]
    [InlineData(TenantState.Deleting)]
    [InlineData(TenantState.Deleted)]
    public async Task A_tenant_that_is_being_deleted_changes_no_more_and_gets_no_keys(TenantState state)
    {
        await process.Tables.Tenants.UpdateEntityAsync(
            new Azure.Data.Tables.TableEntity(tenant.PartitionKey, AdministrationRowKeys.Profile) { ["State"] = (int)state }, Azure.ETag.All);
        foreach (var refused in new Func<Task>[] { () => ChangeAsync("x", null), () => TenantProcess.CreateKeyAsync(process, tenant), () => TenantProcess.RotateAsync(process, tenant, 1) })
        {
            Assert.Equal(ErrorCode.TenantStatus, (await Assert.ThrowsAsync<ParleyException>(refused)).Code);
        }

        Assert.Equal(ErrorCode.TenantSuspended, await TenantProcess.RefusalAsync(tables, time, key.Text));
    }

    [Fact]
    public async Task An_unknown_tenant_is_not_found()
    {
        var unknown = new TenantId(99);
        Assert.Equal(ErrorCode.TenantNotFound, (await Assert.ThrowsAsync<ParleyException>(() => process.Tenants.GetAsync(unknown, CancellationToken.None))).Code);
        Assert.Equal(ErrorCode.TenantNotFound, (await Assert.ThrowsAsync<ParleyException>(() => process.Administration.ChangeAsync(
            unknown, "x", null, TenantProcess.Operator, CancellationToken.None))).Code);
    }

    [Fact]
    public async Task A_creation_that_ends_anywhere_leaves_every_tenant_listed_with_one_entry() => await CrashExploration.RunAsync(
        async (run, fresh) =>
        {
            await TenantProcess.SetUpAsync(fresh, run.Time);
            return (Run: run, Tables: fresh);
        },
        (model, connection) => new ParleyProcess(connection, model.Run.Time, 11).Administration
            .CreateTenantAsync("Second", TenantProcess.Operator, CancellationToken.None),
        (_, _) => Task.CompletedTask,
        async (model, connection) =>
        {
            var listed = await new ParleyProcess(connection, model.Run.Time, 12).Tenants.ListAsync(null, 100, CancellationToken.None);
            var profiles = await model.Tables.Connect().ServiceClient().GetTableClient("Tenants")
                .QueryAsync<Azure.Data.Tables.TableEntity>("RowKey eq 'profile'").ToListAsync();
            Assert.Equal(profiles.Select(row => row.PartitionKey).Order(), listed.Items.Select(one => one.Id.PartitionKey).Order());
            Assert.All(listed.Items, one => Assert.Equal(
                1, TenantProcess.CountAsync(model.Tables, model.Run.Time, one.Id, AuditAction.TenantCreated).GetAwaiter().GetResult()));
        },
        CrashExploration.CrashesAndLateCalls);

    [Fact]
    public Task Suspending_and_renaming_at_once_each_have_one_entry() => Interleaving.ExploreAsync(300, async run =>
    {
        var fresh = new StrictTables(run.Time);
        var (owner, _) = await TenantProcess.SetUpAsync(fresh, run.Time);
        run.CallTime = TimeSpan.FromMilliseconds(50);
        var done = await Task.WhenAll(Enumerable.Range(1, 3).Select(i =>
        {
            var faults = TableHooks.OneIn(3, (run.Seed * 10) + i, Fault.Unanswered);
            var connection = run.Connect(fresh, $"{i}", new TableHooks { Fault = call => call.IsWrite ? faults(call) : Fault.None });
            var administration = new ParleyProcess(connection, run.Time, (run.Seed * 10) + i).Administration;
            return TenantProcess.TryAsync(
                () => administration.ChangeAsync(owner, $"Name {i}", i == 1 ? TenantState.Suspended : null, TenantProcess.Operator, CancellationToken.None),
                ErrorCode.Busy);
        }));
        run.DeliverLate();

        var stored = await new ParleyProcess(fresh.Connect(), run.Time, 1).Tenants.GetAsync(owner, CancellationToken.None);
        Assert.Equal(stored.State == TenantState.Suspended ? 1 : 0, await TenantProcess.CountAsync(fresh, run.Time, owner, AuditAction.TenantSuspended));
        Assert.Equal(stored.Revision, await TenantProcess.CountAsync(fresh, run.Time, owner, AuditAction.TenantRenamed));
        Assert.InRange(stored.Revision, done.Count(one => one), 3);
        Assert.True(!done[0] || stored.State == TenantState.Suspended);
    });

    private Task<Tenant> ChangeAsync(string? name, TenantState? state) =>
        process.Administration.ChangeAsync(tenant, name, state, TenantProcess.Operator, CancellationToken.None);

    private async Task<IReadOnlyList<AuditEntry>> EntriesAsync() =>
        (await process.Audit.ListAsync(tenant, null, 100, CancellationToken.None)).Items;
}
