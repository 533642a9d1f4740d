using Azure;
using Azure.Data.Tables;
using Azure.Data.Tables.Models;
using Xunit;

namespace Parley.Tests.Tables;

[Collection(OnTables.Name)]
public sealed class EntityTests(TablesFixture tables)
{
    [Fact]
    public async Task An_added_row_is_read_back_with_the_etag_of_the_response()
    {
        var table = await tables.NewTableAsync();
        var added = await table.AddEntityAsync(new TableEntity("p", "r") { ["Text"] = "hello" });
        Assert.Equal(204, added.Status);

        var read = await table.GetEntityAsync<TableEntity>("p", "r");
        Assert.Equal("hello", read.Value.GetString("Text"));
        Assert.Equal("p", read.Value.PartitionKey);
        Assert.Equal("r", read.Value.RowKey);
        Assert.Equal(added.Headers.ETag, read.Value.ETag);
        Assert.NotNull(read.Value.Timestamp);
        Assert.Equal(200, read.GetRawResponse().Status);
    }

    [Fact]
    public async Task Adding_an_existing_row_is_409()
    {
        var table = await tables.NewTableAsync();
        await table.AddEntityAsync(new TableEntity("p", "r"));
        var refusal = await Assert.ThrowsAsync<RequestFailedException>(() => table.AddEntityAsync(new TableEntity("p", "r")));
        Assert.Equal(409, refusal.Status);
        Assert.Equal(TableErrorCode.EntityAlreadyExists, refusal.ErrorCode);
        Assert.True(refusal.ErrorCode == TableErrorCode.EntityAlreadyExists);
    }

    [Fact]
    public async Task A_missing_row_is_404_or_no_value()
    {
        var table = await tables.NewTableAsync();
        var refusal = await Assert.ThrowsAsync<RequestFailedException>(() => table.GetEntityAsync<TableEntity>("p", "r"));
        Assert.Equal(404, refusal.Status);
        Assert.Equal(TableErrorCode.ResourceNotFound, refusal.ErrorCode);

        var none = await table.GetEntityIfExistsAsync<TableEntity>("p", "r");
        Assert.False(none.HasValue);
        Assert.Equal(404, none.GetRawResponse().Status);
        Assert.Throws<InvalidOperationException>(() => none.Value);

        await table.AddEntityAsync(new TableEntity("p", "r"));
        var some = await table.GetEntityIfExistsAsync<TableEntity>("p", "r");
        Assert.True(some.HasValue);
        Assert.Equal("r", some.Value!.RowKey);
    }

    [Fact]
    public async Task A_merge_keeps_and_a_replace_removes_properties_that_it_does_not_name()
    {
        var table = await tables.NewTableAsync();
        await table.AddEntityAsync(new TableEntity("p", "r") { ["A"] = 1, ["B"] = 1 });

        var merged = await table.UpdateEntityAsync(new TableEntity("p", "r") { ["B"] = 2 }, ETag.All);
        var row = (await table.GetEntityAsync<TableEntity>("p", "r")).Value;
        Assert.Equal((1, 2), (row.GetInt32("A"), row.GetInt32("B")));
        Assert.Equal(merged.Headers.ETag, row.ETag);

        var replaced = await table.UpdateEntityAsync(new TableEntity("p", "r") { ["C"] = 3 }, row.ETag, TableUpdateMode.Replace);
        row = (await table.GetEntityAsync<TableEntity>("p", "r")).Value;
        Assert.Equal((null, null, 3), (row.GetInt32("A"), row.GetInt32("B"), row.GetInt32("C")));
        Assert.Equal(replaced.Headers.ETag, row.ETag);
    }

    [Theory]
    [InlineData(TableUpdateMode.Merge, 1)]
    [InlineData(TableUpdateMode.Replace, null)]
    public async Task An_upsert_inserts_and_then_updates(TableUpdateMode mode, int? kept)
    {
        var table = await tables.NewTableAsync();
        await table.UpsertEntityAsync(new TableEntity("p", "r") { ["A"] = 1 }, mode);
        // The ETag of the entity is not a condition of an upsert.
        var answer = await table.UpsertEntityAsync(new TableEntity("p", "r") { ["B"] = 2, ETag = new ETag("W/\"other\"") }, mode);
        var row = (await table.GetEntityAsync<TableEntity>("p", "r")).Value;
        Assert.Equal((kept, 2), (row.GetInt32("A"), row.GetInt32("B")));
        Assert.Equal(answer.Headers.ETag, row.ETag);
    }

    [Theory]
    [InlineData(TableUpdateMode.Merge)]
    [InlineData(TableUpdateMode.Replace)]
    public async Task An_update_with_an_old_etag_is_412_and_of_a_missing_row_404(TableUpdateMode mode)
    {
        var table = await tables.NewTableAsync();
        var old = (await table.AddEntityAsync(new TableEntity("p", "r") { ["A"] = 1 })).Headers.ETag!.Value;
        await table.UpdateEntityAsync(new TableEntity("p", "r") { ["A"] = 2 }, old, mode);

        var stale = await Assert.ThrowsAsync<RequestFailedException>(() => table.UpdateEntityAsync(new TableEntity("p", "r") { ["A"] = 3 }, old, mode));
        Assert.Equal(412, stale.Status);
        Assert.Equal(TableErrorCode.UpdateConditionNotSatisfied, stale.ErrorCode);
        Assert.Equal(2, (await table.GetEntityAsync<TableEntity>("p", "r")).Value.GetInt32("A"));

        var missing = await Assert.ThrowsAsync<RequestFailedException>(() => table.UpdateEntityAsync(new TableEntity("p", "none"), ETag.All, mode));
        Assert.Equal(404, missing.Status);

        await Assert.ThrowsAsync<ArgumentException>(() => table.UpdateEntityAsync(new TableEntity("p", "r"), default, mode));
    }

    [Fact]
    public async Task A_delete_has_an_optional_condition_and_accepts_a_missing_row()
    {
        var table = await tables.NewTableAsync();
        var old = (await table.AddEntityAsync(new TableEntity("p", "r"))).Headers.ETag!.Value;
        var current = (await table.UpsertEntityAsync(new TableEntity("p", "r") { ["A"] = 1 })).Headers.ETag!.Value;

        var stale = await Assert.ThrowsAsync<RequestFailedException>(() => table.DeleteEntityAsync("p", "r", old));
        Assert.Equal(412, stale.Status);
        Assert.Equal(204, (await table.DeleteEntityAsync("p", "r", current)).Status);
        Assert.Equal(404, (await table.DeleteEntityAsync("p", "r")).Status);

        var row = new TableEntity("p", "r2");
        await table.AddEntityAsync(row);
        Assert.Equal(204, (await table.DeleteEntityAsync(row)).Status);
    }

    [Fact]
    public async Task A_table_is_created_once_and_deleted_once()
    {
        var table = new TableServiceClient(tables.ConnectionString).GetTableClient(tables.NewTableName());
        var created = await table.CreateIfNotExistsAsync();
        Assert.Equal(table.Name, created.Value.Name);
        Assert.Equal(204, created.GetRawResponse().Status);
        var again = await table.CreateIfNotExistsAsync();
        Assert.Equal(table.Name, again.Value.Name);
        Assert.Equal(409, again.GetRawResponse().Status);

        Assert.Equal(204, (await table.DeleteAsync()).Status);
        Assert.Equal(404, (await table.DeleteAsync()).Status);

        var refusal = await Assert.ThrowsAsync<RequestFailedException>(() => table.AddEntityAsync(new TableEntity("p", "r")));
        Assert.Equal(404, refusal.Status);
        Assert.Equal(TableErrorCode.TableNotFound, refusal.ErrorCode);
        Assert.False((await table.GetEntityIfExistsAsync<TableEntity>("p", "r")).HasValue);
    }

    [Fact]
    public async Task A_row_may_be_read_in_part()
    {
        var table = await tables.NewTableAsync();
        await table.AddEntityAsync(new TableEntity("p", "r") { ["A"] = 1, ["B"] = 2 });
        var row = (await table.GetEntityAsync<TableEntity>("p", "r", ["B"])).Value;
        Assert.Equal((null, 2), (row.GetInt32("A"), row.GetInt32("B")));
    }

    [Theory]
    [InlineData("it's", "'quoted'")]
    [InlineData("with space", " a  b ")]
    [InlineData("100%", "%27 %2F %25")]
    [InlineData("0000001|0000002", "m|0000000003")]
    [InlineData("Grüße 中文 日本語", "עברית 👩‍👩‍👧‍👦 𝒳")]
    [InlineData("a=b&c=d;e,f", "(x)")]
    [InlineData("a+b", "$filter@!*~`^{}[]<>\"")]
    [InlineData("..", ".")]
    public async Task Keys_may_contain_all_characters_that_the_service_allows(string partitionKey, string rowKey)
    {
        var table = await tables.NewTableAsync();
        await table.AddEntityAsync(new TableEntity(partitionKey, rowKey) { ["A"] = 1 });
        var row = (await table.GetEntityAsync<TableEntity>(partitionKey, rowKey)).Value;
        Assert.Equal((partitionKey, rowKey), (row.PartitionKey, row.RowKey));

        var etag = (await table.UpdateEntityAsync(new TableEntity(partitionKey, rowKey) { ["A"] = 2 }, row.ETag)).Headers.ETag!.Value;
        await table.UpsertEntityAsync(new TableEntity(partitionKey, rowKey) { ["A"] = 3 }, TableUpdateMode.Replace);
        var found = new List<TableEntity>();
        await foreach (var match in table.QueryAsync<TableEntity>(TableClient.CreateQueryFilter($"PartitionKey eq {partitionKey} and RowKey eq {rowKey}")))
            found.Add(match);
        Assert.Equal(3, Assert.Single(found).GetInt32("A"));

        var stale = await Assert.ThrowsAsync<TableTransactionFailedException>(() => table.SubmitTransactionAsync(
            [new(TableTransactionActionType.Delete, row, etag)]));
        Assert.Equal(412, stale.Status);
        Assert.Equal(204, (await table.DeleteEntityAsync(partitionKey, rowKey, found[0].ETag)).Status);
    }
}
