using Azure;
using Azure.Data.Tables;
using Parley.Cleanup;
using Parley.Core;
using Parley.Storage;
using Parley.Tenants;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.Cleanup;

public sealed class TenantErasureTests : IAsyncLifetime
{
    private readonly VirtualTime time = new();
    private ErasureGround ground = null!;

    public async Task InitializeAsync() => ground = await ErasureGround.BuildAsync(time, new StrictTables(time));

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Everything_of_the_tenant_is_erased_counted_once_and_nothing_else()
    {
        var expected = ErasureGround.Built();
        Assert.Equal(expected, (await ground.Quiet.Erasures.CountAsync(ErasureGround.Deleted, CancellationToken.None)).Counts);

        await ErasureGround.BeginAsync(ground.Quiet);
        await RunAsync(ground.Quiet);

        await ground.VerifyAsync(expected);
    }

    [Fact]
    public async Task Nobody_gets_in_at_once_and_nothing_is_erased_before_writers_have_ended()
    {
        var begun = await ErasureGround.BeginAsync(ground.Quiet);

        Assert.Equal((TenantState.Deleting, begun.RequestedAt + TenantErasures.Settle, null), (begun.State, begun.ErasesAt!.Value, begun.FinishedAt));
        Assert.True(await ground.Quiet.Parley.TenantStates.IsDeletedAsync(ErasureGround.Deleted, CancellationToken.None));
        Assert.False(await ground.Quiet.Parley.TenantStates.IsDeletedAsync(ErasureGround.Kept, CancellationToken.None));
        var before = await ground.OwnedAsync(ErasureGround.Deleted);
        time.Advance(TenantErasures.Settle - TimeSpan.FromMilliseconds(1));
        await ground.Quiet.Job.RunAsync(CancellationToken.None);
        Assert.Equal(before, await ground.OwnedAsync(ErasureGround.Deleted));

        time.Advance(TimeSpan.FromMilliseconds(1));
        await ground.Quiet.Job.RunAsync(CancellationToken.None);
        Assert.Empty(await ground.OwnedAsync(ErasureGround.Deleted));
        Assert.Equal(TenantState.Deleting, (await ReadAsync()).State);
    }

    /// <summary>The longest function is given by the host, and must end before anything is erased.</summary>
    [Fact]
    public void The_settle_time_is_longer_than_a_function_and_a_cache()
    {
        var file = File.ReadAllText(Path.Combine(Parley.DevHost.Common.Repository.Root, "host.json"));
        var limit = TimeSpan.Parse(
            System.Text.Json.Nodes.JsonNode.Parse(file)!["functionTimeout"]!.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture);

        Assert.True(TenantErasures.Settle > limit + CredentialCache.CacheTime);
    }

    [Fact]
    public async Task A_state_is_cached_for_half_a_minute()
    {
        var states = ground.Quiet.Parley.TenantStates;
        Assert.False(await states.IsDeletedAsync(ErasureGround.Deleted, CancellationToken.None));
        await ErasureGround.BeginAsync(ground.Quiet);

        time.Advance(CredentialCache.CacheTime);
        Assert.False(await states.IsDeletedAsync(ErasureGround.Deleted, CancellationToken.None));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await states.IsDeletedAsync(ErasureGround.Deleted, CancellationToken.None));
    }

    [Fact]
    public async Task A_repeated_request_returns_the_same_deletion()
    {
        var first = await ErasureGround.BeginAsync(ground.Quiet);
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(first, await ErasureGround.BeginAsync(ground.Quiet));

        await RunAsync(ground.Quiet);
        var receipt = await ReadAsync();
        Assert.Equal(receipt, await ErasureGround.BeginAsync(ground.Quiet));
        Assert.Equal(first.RequestedAt, receipt.RequestedAt);
        await ground.VerifyAsync(receipt.Counts);
    }

    [Theory]
    [InlineData(TenantState.Deleting)]
    [InlineData(TenantState.Deleted)]
    public async Task A_restored_account_begins_a_deletion_that_only_the_profile_states(TenantState state)
    {
        var process = ground.Quiet;
        await process.Parley.Tables.Tenants.UpdateEntityAsync(
            new TableEntity(ErasureGround.Deleted.PartitionKey, "profile") { ["State"] = (int)state, ["StateAt"] = time.GetUtcNow() }, ETag.All);
        var requestedAt = time.GetUtcNow();
        time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(1, await process.Erasures.BeginAgainAsync(CancellationToken.None));
        Assert.Equal(1, await process.Erasures.BeginAgainAsync(CancellationToken.None));
        var begun = await process.Erasures.FindAsync(ErasureGround.Deleted, CancellationToken.None);
        Assert.Equal((TenantState.Deleting, requestedAt), (begun!.State, begun.RequestedAt));
        Assert.Null(await process.Erasures.FindAsync(ErasureGround.Kept, CancellationToken.None));
    }

    [Fact]
    public async Task An_unknown_tenant_is_not_found()
    {
        var counting = await Assert.ThrowsAsync<ParleyException>(() => ground.Quiet.Erasures.CountAsync(new TenantId(3), CancellationToken.None));
        var deleting = await Assert.ThrowsAsync<ParleyException>(() => ground.Quiet.Erasures.BeginAsync(new TenantId(3), null!, CancellationToken.None));

        Assert.Equal([ErrorCode.TenantNotFound, ErrorCode.TenantNotFound], [counting.Code, deleting.Code]);
        Assert.Null(await ground.Quiet.Erasures.FindAsync(new TenantId(3), CancellationToken.None));
    }

    [Fact]
    public async Task The_number_is_not_used_again()
    {
        await ErasureGround.BeginAsync(ground.Quiet);
        await RunAsync(ground.Quiet);

        var next = await ground.Quiet.Parley.Administration.CreateTenantAsync("Next", ErasureGround.Origin, CancellationToken.None);

        Assert.Equal(3, next.Tenant.Number);
    }

    /// <summary>A write may be carried out after its process has ended.</summary>
    [Fact]
    public async Task What_a_late_writer_leaves_is_erased_by_the_next_pass()
    {
        await ErasureGround.BeginAsync(ground.Quiet);
        await WaitAsync(TenantErasures.Settle);
        await ground.Quiet.Job.RunAsync(CancellationToken.None);
        await ErasureGround.FillAsync(ground.Quiet, ErasureGround.Deleted, first: 1, count: 1);
        await WaitAsync(TenantErasures.Settle);
        await ground.Quiet.Job.RunAsync(CancellationToken.None);
        Assert.Null((await ReadAsync()).FinishedAt);
        await WaitAsync(TenantErasures.Settle);
        await ground.Quiet.Job.RunAsync(CancellationToken.None);

        Assert.NotNull((await ReadAsync()).FinishedAt);
        await ground.VerifyAsync(ErasureGround.Built(1));
    }

    [Fact]
    public async Task A_tenant_that_is_made_active_meanwhile_is_closed_again_and_waited_for()
    {
        await ErasureGround.BeginAsync(ground.Quiet);
        await WaitAsync(TenantErasures.Settle);
        var tenants = ground.Quiet.Parley.Tables.Tenants;
        var profile = (await tenants.FindAsync(ErasureGround.Deleted.PartitionKey, "profile", CancellationToken.None))!;
        profile["State"] = (int)TenantState.Active;
        await tenants.UpdateEntityAsync(profile, profile.ETag);
        var before = await ground.OwnedAsync(ErasureGround.Deleted);

        await ground.Quiet.Job.RunAsync(CancellationToken.None);

        Assert.Equal(before, await ground.OwnedAsync(ErasureGround.Deleted));
        Assert.Equal(time.GetUtcNow() + TenantErasures.Settle, (await ReadAsync()).ErasesAt);
        Assert.True(await ground.Quiet.Parley.TenantStates.IsDeletedAsync(ErasureGround.Deleted, CancellationToken.None));
        await RunAsync(ground.Quiet);
        Assert.Empty(await ground.OwnedAsync(ErasureGround.Deleted));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 1000)]
    [InlineData(3, 2)]
    [InlineData(7, 5)]
    public async Task A_run_is_bounded_and_the_next_one_continues(int pages, int rows)
    {
        await ErasureGround.FillAsync(ground.Quiet, ErasureGround.Deleted, first: 3, count: 4);
        var process = ground.Process(ground.Tables.Connect(), 1, rows, pages);
        await ErasureGround.BeginAsync(process);
        await WaitAsync(TenantErasures.Settle);

        var owned = (await ground.OwnedAsync(ErasureGround.Deleted)).Count;
        while ((await ReadAsync()).FinishedAt is null)
        {
            await process.Job.RunAsync(CancellationToken.None);
            var left = (await ground.OwnedAsync(ErasureGround.Deleted)).Count;

            // A page of blobs has all of these blobs.
            Assert.InRange(owned - left, 0, pages * Math.Max(rows, 6));
            owned = left;
            await WaitAsync(TimeSpan.FromMinutes(15));
        }

        await ground.VerifyAsync(ErasureGround.Built(4));
    }

    /// <summary>
    /// The service returns pages without rows while it examines those of other tenants. They count as pages of a run,
    /// and the next run begins after them, also if it no longer accepts the token.
    /// </summary>
    [Theory]
    [InlineData("Schedule", false)]
    [InlineData("Due", false)]
    [InlineData("Keys", false)]
    [InlineData("Keys", true)]
    public async Task Pages_without_rows_are_bounded_and_the_next_run_continues(string table, bool isTokenRefused)
    {
        var (empty, pages) = (20, 0);
        var connection = ground.Tables.Connect("sparse", new TableHooks
        {
            PageRows = call => call.Kind == TableCallKind.Query && call.Table == table && pages++ < empty ? 0 : null,
        });
        var process = ground.Process(connection, 1, maxPages: 3);
        await ErasureGround.BeginAsync(process);
        await WaitAsync(TenantErasures.Settle);
        var scans = 0;
        for (var run = 0; pages < empty; run++)
        {
            var before = pages;
            await process.Job.RunAsync(CancellationToken.None);
            Assert.InRange(pages - before, 0, 3);
            var row = (await process.Parley.Tables.Tenants.FindAsync(TenantRowKeys.AdministrationPartition, TenantErasureRowKeys.Erasure(ErasureGround.Deleted), CancellationToken.None))!;
            if (row.GetString("Scan") is { Length: > 0 })
            {
                scans++;
                row["Scan"] = isTokenRefused && scans == 2 ? "no-token no-token" : row["Scan"];
                await process.Parley.Tables.Tenants.UpdateEntityAsync(row, row.ETag);
            }

            Assert.InRange(run, 0, 30);
            await WaitAsync(TimeSpan.FromMinutes(15));
        }

        Assert.InRange(scans, 5, 8);
        await RunAsync(process);
        await ground.VerifyAsync(ErasureGround.Built());
    }

    [Fact]
    public async Task A_count_is_bounded_and_names_the_stores_that_have_more()
    {
        var process = ground.Process(ground.Tables.Connect(), 1, pageRows: 1);
        await ErasureGround.FillAsync(process, ErasureGround.Deleted, first: 3, count: 9);

        var contents = await process.Erasures.CountAsync(ErasureGround.Deleted, CancellationToken.None);

        Assert.Equal(
            [ErasedStoreName.Schedule, ErasedStoreName.Due, ErasedStoreName.Conversations, ErasedStoreName.Tenants, ErasedStoreName.Keys],
            contents.AtLeast);
        Assert.Equal((10, 11), (contents.Counts.Conversations, contents.Counts.Files));
    }

    private Task WaitAsync(TimeSpan pause)
    {
        time.Advance(pause);
        return Task.CompletedTask;
    }

    private Task RunAsync(ErasureProcess process) => ErasureGround.RunAsync(process, WaitAsync);

    private async Task<TenantErasure> ReadAsync() => (await ground.Quiet.Erasures.FindAsync(ErasureGround.Deleted, CancellationToken.None))!;
}
