using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;
using Parley.Tenants;
using Parley.Tenants.Audit;
using Parley.Testing;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Tenants;

public sealed class WebhookSecretsTests : IAsyncLifetime
{
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);

    private readonly VirtualTime time = new();
    private readonly StrictTables tables;
    private readonly WebhookSecrets secrets;
    private NewTenant tenant = null!;

    public WebhookSecretsTests()
    {
        tables = new StrictTables(time);
        secrets = Secrets(tables.Connect(), time, 1);
    }

    public async Task InitializeAsync() => tenant = await CreateTenantAsync(tables, time);

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task The_old_secret_signs_for_another_day()
    {
        Assert.Equal([tenant.WebhookSecret], await ReadAsync());

        var rotated = await RotateAsync();
        Assert.Equal((tenant.Tenant, time.GetUtcNow() + Day), (rotated.Tenant, rotated.PreviousValidUntil));
        Assert.StartsWith("whsec_", rotated.WebhookSecret, StringComparison.Ordinal);
        Assert.Equal(32, Convert.FromBase64String(rotated.WebhookSecret[6..]).Length);
        Assert.NotEqual(tenant.WebhookSecret, rotated.WebhookSecret);
        Assert.Equal([rotated.WebhookSecret, tenant.WebhookSecret], await ReadAsync());

        time.Advance(Day - TimeSpan.FromMilliseconds(1));
        Assert.Equal([rotated.WebhookSecret, tenant.WebhookSecret], await ReadAsync());
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal([rotated.WebhookSecret], await ReadAsync());
    }

    [Fact]
    public async Task Two_rotations_in_a_day_each_keep_the_old_secret_for_a_day()
    {
        var first = await RotateAsync();
        time.Advance(TimeSpan.FromHours(10));
        var second = await RotateAsync();
        Assert.Equal([second.WebhookSecret, first.WebhookSecret, tenant.WebhookSecret], await ReadAsync());

        time.Advance(TimeSpan.FromHours(14));
        Assert.Equal([second.WebhookSecret, first.WebhookSecret], await ReadAsync());
        time.Advance(TimeSpan.FromHours(10));
        Assert.Equal([second.WebhookSecret], await ReadAsync());
    }

    [Fact]
    public async Task Four_earlier_secrets_are_kept_and_the_oldest_is_dropped()
    {
        var all = new List<string> { tenant.WebhookSecret };
        for (var i = 0; i < 6; i++)
        {
            all.Insert(0, (await RotateAsync()).WebhookSecret);
            Assert.Equal(all.Take(5), await ReadAsync());
        }
    }

    [Fact]
    public async Task Expired_secrets_are_not_kept()
    {
        await RotateAsync();
        await RotateAsync();
        time.Advance(Day);
        await RotateAsync();
        Assert.Single(Earlier((await ProfileAsync())!));
    }

    [Fact]
    public async Task A_rotation_keeps_the_rest_of_the_profile()
    {
        await RotateAsync();
        var profile = await ProfileAsync();
        Assert.Equal(("Acme", tenant.CreatedAt), (profile!.GetString("Name"), profile.GetDateTimeOffset("CreatedAt")));
    }

    [Fact]
    public async Task Reading_is_one_call_and_rotating_two()
    {
        var connection = tables.Connect();
        var counted = Secrets(connection, time, 2);
        await counted.ReadAsync(tenant.Tenant, CancellationToken.None);
        Assert.Equal(1, connection.Calls);
        await counted.RotateAsync(tenant.Tenant, TenantProcess.Operator, CancellationToken.None);
        Assert.Equal(3, connection.Calls);
    }

    [Theory]
    [InlineData(TenantState.Deleting)]
    [InlineData(TenantState.Deleted)]
    public async Task A_deleted_tenant_gets_no_secret(TenantState state)
    {
        await ChangeProfileAsync(profile => profile["State"] = (int)state);
        Assert.Equal(ErrorCode.TenantStatus, (await Assert.ThrowsAsync<ParleyException>(RotateAsync)).Code);
        Assert.Equal([tenant.WebhookSecret], await ReadAsync());
        Assert.Equal(0, await TenantProcess.CountAsync(tables, time, tenant.Tenant, AuditAction.WebhookSecretRotated));
    }

    [Fact]
    public async Task A_tenant_whose_secrets_were_removed_gets_a_new_one()
    {
        // As docs/operations.md describes it for a lost sealing key.
        await RotateAsync();
        await ChangeProfileAsync(profile =>
        {
            profile.Remove("WebhookSecret");
            profile.Remove("EarlierWebhookSecrets");
        });
        Assert.Empty(await ReadAsync());
        var first = await RotateAsync();
        Assert.Equal([first.WebhookSecret], await ReadAsync());
        Assert.All(await ReadAsync(), secret => Assert.Equal(32, WebhookSecret.Read(secret).Length));
        var second = await RotateAsync();
        Assert.Equal([second.WebhookSecret, first.WebhookSecret], await ReadAsync());
    }

    [Fact]
    public async Task An_unknown_tenant_has_no_secrets()
    {
        var unknown = new TenantId(77);
        Assert.Equal(ErrorCode.TenantNotFound, (await Assert.ThrowsAsync<ParleyException>(() => secrets.ReadAsync(unknown, CancellationToken.None))).Code);
        Assert.Equal(ErrorCode.TenantNotFound, (await Assert.ThrowsAsync<ParleyException>(() => secrets.RotateAsync(unknown, TenantProcess.Operator, CancellationToken.None))).Code);
        Assert.Null(await tables.Connect().ServiceClient().GetTableClient("Tenants").FindAsync(unknown.PartitionKey, AdministrationRowKeys.Profile, CancellationToken.None));
    }

    [Fact]
    public Task Concurrent_rotations_each_happen_once() => Interleaving.ExploreAsync(300, async run =>
    {
        var fresh = new StrictTables(run.Time);
        var created = await CreateTenantAsync(fresh, run.Time);
        var rotated = await Task.WhenAll(Enumerable.Range(1, 3).Select(i =>
            Secrets(run.Connect(fresh, $"{i}"), run.Time, (run.Seed * 10) + i).RotateAsync(created.Tenant, TenantProcess.Operator, CancellationToken.None)));

        var signing = await Secrets(fresh.Connect(), run.Time, 0).ReadAsync(created.Tenant, CancellationToken.None);
        Assert.Equal(created.WebhookSecret, signing[^1]);
        Assert.Equal(rotated.Select(one => one.WebhookSecret).Order(StringComparer.Ordinal), signing.SkipLast(1).Order(StringComparer.Ordinal));
    });

    [Fact]
    public Task After_lost_responses_there_is_one_new_secret_and_it_is_the_one_returned() => Interleaving.ExploreAsync(500, async run =>
    {
        var fresh = new StrictTables(run.Time);
        var created = await CreateTenantAsync(fresh, run.Time);
        run.CallTime = TimeSpan.FromMilliseconds(50);
        var returned = new List<string>();
        var unknown = 0;
        await Task.WhenAll(Enumerable.Range(1, 2).Select(async i =>
        {
            var faults = TableHooks.OneIn(2, (run.Seed * 10) + i, Fault.Unanswered);
            var hooks = new TableHooks { Fault = call => call.IsWrite ? faults(call) : Fault.None };
            try
            {
                var rotated = await Secrets(run.Connect(fresh, $"{i}", hooks), run.Time, (run.Seed * 10) + i).RotateAsync(created.Tenant, TenantProcess.Operator, CancellationToken.None);
                returned.Add(rotated.WebhookSecret);
                var row = await ProfileAsync(fresh);
                Assert.True(
                    row!.GetString("WebhookSecret") == rotated.WebhookSecret || Earlier(row).Contains(rotated.WebhookSecret, StringComparer.Ordinal),
                    "A returned secret does not sign.");
            }
            catch (ParleyException e) when (e.Code == ErrorCode.StorageUnavailable)
            {
                unknown++;
            }
        }));
        run.DeliverLate();

        var signing = await Secrets(fresh.Connect(), run.Time, 0).ReadAsync(created.Tenant, CancellationToken.None);
        Assert.Equal(signing.Count, signing.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(created.WebhookSecret, signing[^1]);
        Assert.Subset(signing.ToHashSet(StringComparer.Ordinal), returned.ToHashSet(StringComparer.Ordinal));
        Assert.InRange(signing.Count, returned.Count + 1, returned.Count + 1 + unknown);

        // One entry for each secret that was stored, however often its write was sent.
        Assert.Equal(signing.Count - 1, await TenantProcess.CountAsync(fresh, run.Time, created.Tenant, AuditAction.WebhookSecretRotated));
    });

    [Fact]
    public async Task A_rotation_repeated_after_a_crash_keeps_the_receivers_secret() => await CrashExploration.RunAsync(
        async (run, fresh) => (Run: run, Tables: fresh, Tenant: await CreateTenantAsync(fresh, run.Time)),
        (model, process) => Secrets(process, model.Run.Time, 11).RotateAsync(model.Tenant.Tenant, TenantProcess.Operator, CancellationToken.None),
        async (model, process) =>
        {
            var validUntil = model.Run.Time.GetUtcNow() + Day;
            var rotated = await Secrets(process, model.Run.Time, 12).RotateAsync(model.Tenant.Tenant, TenantProcess.Operator, CancellationToken.None);
            Assert.Equal(validUntil, rotated.PreviousValidUntil);
        },
        async (model, process) =>
        {
            var signing = await Secrets(process, model.Run.Time, 13).ReadAsync(model.Tenant.Tenant, CancellationToken.None);
            Assert.Equal(model.Tenant.WebhookSecret, signing[^1]);
            Assert.InRange(signing.Count, 2, 3);
        },
        CrashExploration.CrashesAndLateCalls,
        seeds: 10);

    private static WebhookSecrets Secrets(TableConnection process, TimeProvider time, int seed) =>
        new ParleyProcess(process, time, seed).WebhookSecrets;

    private static async Task<NewTenant> CreateTenantAsync(StrictTables tables, TimeProvider time)
    {
        var parley = new ParleyTables(tables.Connect("setup").ServiceClient());
        await parley.CreateIfNotExistsAsync(CancellationToken.None);
        return await new ParleyProcess(tables.Connect("setup"), time, 0).Administration
            .CreateTenantAsync("Acme", TenantProcess.Operator, CancellationToken.None);
    }

    private static Task<TableEntity?> ProfileAsync(StrictTables tables) =>
        tables.Connect().ServiceClient().GetTableClient("Tenants").FindAsync(new TenantId(1).PartitionKey, AdministrationRowKeys.Profile, CancellationToken.None);

    private static IEnumerable<string> Earlier(TableEntity profile) =>
        System.Text.Json.Nodes.JsonNode.Parse(profile.GetString("EarlierWebhookSecrets"))!.AsArray().Select(one => one!["secret"]!.GetValue<string>());

    private Task<TableEntity?> ProfileAsync() => ProfileAsync(tables);

    private async Task ChangeProfileAsync(Action<TableEntity> change)
    {
        var profile = (await ProfileAsync())!;
        change(profile);
        await tables.Connect().ServiceClient().GetTableClient("Tenants").UpdateEntityAsync(profile, profile.ETag, TableUpdateMode.Replace);
    }

    private Task<RotatedWebhookSecret> RotateAsync() => secrets.RotateAsync(tenant.Tenant, TenantProcess.Operator, CancellationToken.None);

    private Task<IReadOnlyList<string>> ReadAsync() => secrets.ReadAsync(tenant.Tenant, CancellationToken.None);
}
