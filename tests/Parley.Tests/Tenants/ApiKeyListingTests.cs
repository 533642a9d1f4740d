using Azure.Data.Tables;
using Parley.Core;
using Parley.Operations.Format;
using Parley.Tenants;
using Parley.Testing;
using Parley.Tests.Compatibility;
using Parley.Tests.OnStrictTables;
using Xunit;

namespace Parley.Tests.Tenants;

public sealed class ApiKeyListingTests
{
    private readonly VirtualTime time = new();

    [Theory]
    [InlineData("0.1.0")]
    [InlineData("0.2.0")]
    public async Task Keys_of_an_earlier_version_are_listed_and_stay_valid(string version)
    {
        var golden = GoldenStore.Read(version);
        time.Advance(golden.Facts.WrittenAt - time.GetUtcNow());
        var tables = new StrictTables(time);
        var process = new ParleyProcess(tables.Connect(), time, 1);
        await process.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        foreach (var row in golden.Rows.Where(row => row.Table is "Keys" or "Tenants"))
        {
            await (row.Table == "Keys" ? process.Tables.Keys : process.Tables.Tenants).AddEntityAsync(RowLine.Read(row.Line));
        }

        Assert.Null(await TenantProcess.RefusalAsync(tables, time, golden.Facts.ApiKey));
        await process.KeyListing.RunAsync(CancellationToken.None);

        var listed = await TenantProcess.ListAsync(tables, time, new TenantId(1));
        Assert.Equal([(2, "Expires", Scopes.MessagesRead), (1, "Test key", (Scopes)63 | Scopes.AssistantsUse)], listed.Select(key => (key.Number, key.Label, key.Scopes)));
        Assert.Equal(golden.Rows.Count(row => row.Table == "Keys"), listed.Count + (await TenantProcess.ListAsync(tables, time, new TenantId(2))).Count);
        var caller = await new ParleyProcess(tables.Connect(), time, 2).Authenticator.AuthenticateAsync(golden.Facts.ApiKey, CancellationToken.None);
        Assert.Equal((new TenantId(1), 1, (Scopes)63 | Scopes.AssistantsUse), (caller.Tenant, caller.Number, caller.Scopes));

        await TenantProcess.RevokeAsync(process, new TenantId(1), 1);
        Assert.Equal(ErrorCode.Unauthenticated, await TenantProcess.RefusalAsync(tables, time, golden.Facts.ApiKey));
        var rotated = await TenantProcess.RotateAsync(process, new TenantId(1), 2);
        Assert.Equal((3, Scopes.MessagesRead), (rotated.Key.Number, rotated.Key.Scopes));
    }

    [Fact]
    public async Task The_work_is_bounded_resumed_by_other_processes_and_done_once()
    {
        var (tables, tenant) = await FillAsync(1_200, time);
        var calls = new List<int>();
        for (var run = 1; run <= 8; run++)
        {
            // The second round begins an hour later.
            time.Advance(run == 5 ? ApiKeyListing.SecondRoundAfter : TimeSpan.FromMinutes(15));
            var connection = tables.Connect($"{run}");
            await new ParleyProcess(connection, time, run).KeyListing.RunAsync(CancellationToken.None);
            calls.Add(connection.Calls);
        }

        Assert.All(calls, count => Assert.InRange(count, 1, 3 + 2 * ApiKeyListing.RowsInRun));
        Assert.Equal((1, 1), (calls[3], calls[7]));
        Assert.Equal(1_200, await tables.Connect().ServiceClient().GetTableClient("Tenants").QueryAsync<TableEntity>(
            TableClient.CreateQueryFilter($"PartitionKey eq {tenant.PartitionKey} and RowKey gt {"key|"} and RowKey lt {"key|~"}")).CountAsync());

        var last = tables.Connect("last");
        var process = new ParleyProcess(last, time, 9);
        await process.KeyListing.RunAsync(CancellationToken.None);
        await process.KeyListing.RunAsync(CancellationToken.None);
        Assert.Equal(2, last.Calls);
    }

    [Fact]
    public async Task A_key_that_an_old_instance_makes_after_the_first_round_can_be_revoked()
    {
        var (tables, tenant) = await FillAsync(2, time);
        var process = new ParleyProcess(tables.Connect(), time, 1);
        await process.KeyListing.RunAsync(CancellationToken.None);
        await AddAsync(process, tenant, 3, time);
        Assert.Null(await TenantProcess.RefusalAsync(tables, time, TextOf(3)));
        time.Advance(ApiKeyListing.SecondRoundAfter);
        await process.KeyListing.RunAsync(CancellationToken.None);
        await TenantProcess.RevokeAsync(process, tenant, 3);
        Assert.Equal(ErrorCode.Unauthenticated, await TenantProcess.RefusalAsync(tables, time, TextOf(3)));

        // Later ones are listed once the row of the progress is removed, by the same process too.
        await AddAsync(process, tenant, 4, time);
        await process.Tables.Tenants.DeleteEntityAsync("00000000", "keys-listed");
        await process.KeyListing.RunAsync(CancellationToken.None);
        await TenantProcess.RevokeAsync(process, tenant, 4);
    }

    [Fact]
    public async Task A_run_that_ends_anywhere_is_continued_and_no_revocation_is_undone() => await CrashExploration.RunAsync(
        async (run, fresh) => (Run: run, Tables: fresh, Tenant: (await FillAsync(5, run.Time, fresh)).Tenant),
        (model, connection) => new ParleyProcess(connection, model.Run.Time, 11).KeyListing.RunAsync(CancellationToken.None),
        async (model, connection) =>
        {
            var process = new ParleyProcess(connection, model.Run.Time, 12);
            await process.KeyListing.RunAsync(CancellationToken.None);
            await TenantProcess.RevokeAsync(process, model.Tenant, 3);
        },
        async (model, connection) =>
        {
            await new ParleyProcess(connection, model.Run.Time, 13).KeyListing.RunAsync(CancellationToken.None);
            var listed = await TenantProcess.ListAsync(model.Tables, model.Run.Time, model.Tenant);
            Assert.Equal([5, 4, 3, 2, 1], listed.Select(key => key.Number));
            Assert.Equal([3], listed.Where(key => key.RevokedAt is not null).Select(key => key.Number));
            Assert.Equal(ErrorCode.Unauthenticated, await TenantProcess.RefusalAsync(model.Tables, model.Run.Time, TextOf(3)));
            Assert.Null(await TenantProcess.RefusalAsync(model.Tables, model.Run.Time, TextOf(4)));
        },
        CrashExploration.CrashesAndLateCalls,
        seeds: 2);

    [Fact]
    public Task Two_runs_at_once_list_each_key_once() => Interleaving.ExploreAsync(50, async run =>
    {
        var (tables, tenant) = await FillAsync(5, run.Time);
        await Task.WhenAll(Enumerable.Range(1, 2).Select(i =>
            new ParleyProcess(run.Connect(tables, $"{i}"), run.Time, i).KeyListing.RunAsync(CancellationToken.None)));
        Assert.Equal([5, 4, 3, 2, 1], (await TenantProcess.ListAsync(tables, run.Time, tenant)).Select(key => key.Number));
    });

    [Theory]
    [InlineData(null)]
    [InlineData(TenantState.Deleting)]
    [InlineData(TenantState.Deleted)]
    public async Task Nothing_is_listed_for_a_tenant_that_is_gone(TenantState? state)
    {
        var (tables, tenant) = await FillAsync(2, time);
        var process = new ParleyProcess(tables.Connect(), time, 1);
        await (state is { } gone
            ? process.Tables.Tenants.UpdateEntityAsync(new TableEntity(tenant.PartitionKey, "profile") { ["State"] = (int)gone }, Azure.ETag.All)
            : process.Tables.Tenants.DeleteEntityAsync(tenant.PartitionKey, "profile"));
        await process.KeyListing.RunAsync(CancellationToken.None);
        Assert.Empty(await TenantProcess.ListAsync(tables, time, tenant));
        Assert.NotNull(await TenantProcess.RefusalAsync(tables, time, TextOf(1)));
    }

    private static string TextOf(int number) => ApiKeyToken.Create(new RandomSource(number))[..50];

    /// <summary>Creates a tenant with keys as version 0.2.0 wrote them.</summary>
    private static async Task<(StrictTables Tables, TenantId Tenant)> FillAsync(int keys, TimeProvider time, StrictTables? into = null)
    {
        var tables = into ?? new StrictTables(time);
        var process = new ParleyProcess(tables.Connect("fill"), time, 1_000);
        await process.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        var tenant = (await process.Administration.CreateTenantAsync("Acme", TenantProcess.Operator, CancellationToken.None)).Tenant;
        for (var number = 1; number <= keys; number++)
        {
            await AddAsync(process, tenant, number, time);
        }

        await process.Tables.Tenants.AddEntityAsync(new TableEntity(tenant.PartitionKey, "counter") { ["LastKey"] = keys });
        return (tables, tenant);
    }

    private static async Task AddAsync(ParleyProcess process, TenantId tenant, int number, TimeProvider time)
    {
        var hash = ApiKeyToken.Hash(TextOf(number));
        await process.Tables.Keys.AddEntityAsync(new TableEntity(AdministrationRowKeys.ApiKeyPartition(hash), hash)
        {
            ["Tenant"] = tenant.Number,
            ["Number"] = number,
            ["Label"] = "Old",
            ["Scopes"] = 63,
            ["CreatedAt"] = time.GetUtcNow(),
        });
    }
}
