using Parley.Operations.Format;
using Parley.Storage;
using Parley.Testing;
using Parley.Tests.Operations;
using Xunit;

namespace Parley.Tests.Cleanup;

/// <summary>Deletes the tenant that has a row of every kind.</summary>
public sealed class TenantErasureOfEveryKindTests(FullStore full) : IClassFixture<FullStore>
{
    [Fact]
    public async Task Every_kind_of_row_is_erased_and_no_row_of_others()
    {
        var time = new VirtualTime(full.WrittenAt);
        var ground = new ErasureGround(new StrictTables(time), time);
        var parley = ground.Quiet.Parley;
        await parley.Tables.CreateIfNotExistsAsync(CancellationToken.None);
        await parley.Files.CreateIfNotExistsAsync(CancellationToken.None);
        await parley.ExportFiles.CreateIfNotExistsAsync(CancellationToken.None);
        foreach (var row in full.Rows)
        {
            await parley.Tables.All.Single(table => table.Name == row.Table).AddEntityAsync(RowLine.Read(row.Line));
        }

        var kept = await ground.OwnedAsync(ErasureGround.Kept);
        var owned = await ground.OwnedAsync(ErasureGround.Deleted);
        Assert.True(owned.Count > 100, $"{owned.Count}");
        await ErasureGround.BeginAsync(ground.Quiet);
        await ErasureGround.RunAsync(ground.Quiet, pause =>
        {
            time.Advance(pause);
            return Task.CompletedTask;
        });

        Assert.Empty(await ground.OwnedAsync(ErasureGround.Deleted));
        Assert.Equal(kept, await ground.OwnedAsync(ErasureGround.Kept));
        var counts = (await ground.Quiet.Erasures.FindAsync(ErasureGround.Deleted, CancellationToken.None))!.Counts;
        Assert.Equal(owned.Count, counts.Conversations + counts.Tenants + counts.Keys + counts.Schedule + counts.Due);
        var administration = await parley.Tables.Tenants.FindAsync(TenantRowKeys.AdministrationPartition, TenantRowKeys.CursorSecret, CancellationToken.None);
        Assert.NotNull(administration);
    }
}
