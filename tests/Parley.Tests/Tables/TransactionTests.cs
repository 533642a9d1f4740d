using Azure;
using Azure.Data.Tables;
using Azure.Data.Tables.Models;
using Xunit;

namespace Parley.Tests.Tables;

[Collection(OnTables.Name)]
public sealed class TransactionTests(TablesFixture tables)
{
    [Fact]
    public async Task Every_operation_returns_the_rows_new_etag_in_order()
    {
        var table = await tables.NewTableAsync();
        var replaced = (await table.AddEntityAsync(new TableEntity("p", "2") { ["Old"] = 1 })).Headers.ETag!.Value;
        await table.AddEntityAsync(new TableEntity("p", "3") { ["Old"] = 1 });
        var deleted = (await table.AddEntityAsync(new TableEntity("p", "4"))).Headers.ETag!.Value;

        var answer = await table.SubmitTransactionAsync(
        [
            new(TableTransactionActionType.Add, new TableEntity("p", "1") { ["New"] = "Grüße 👋 中文" }),
            new(TableTransactionActionType.UpdateReplace, new TableEntity("p", "2") { ["New"] = 2L }, replaced),
            new(TableTransactionActionType.UpdateMerge, new TableEntity("p", "3") { ["New"] = 3 }, ETag.All),
            new(TableTransactionActionType.Delete, new TableEntity("p", "4"), deleted),
            new(TableTransactionActionType.UpsertReplace, new TableEntity("p", "5") { ["New"] = 5 }),
            new(TableTransactionActionType.UpsertMerge, new TableEntity("p", "6") { ["New"] = 6 }),
        ]);

        Assert.Equal(202, answer.GetRawResponse().Status);
        Assert.Equal(6, answer.Value.Count);
        Assert.All(answer.Value, result => Assert.Equal(204, result.Status));
        foreach (var (row, result) in new[] { ("1", 0), ("2", 1), ("3", 2), ("5", 4), ("6", 5) })
            Assert.Equal((await table.GetEntityAsync<TableEntity>("p", row)).Value.ETag, answer.Value[result].Headers.ETag);

        Assert.Equal("Grüße 👋 中文", (await table.GetEntityAsync<TableEntity>("p", "1")).Value.GetString("New"));
        Assert.False((await table.GetEntityAsync<TableEntity>("p", "2")).Value.ContainsKey("Old"));
        Assert.True((await table.GetEntityAsync<TableEntity>("p", "3")).Value.ContainsKey("Old"));
        Assert.False((await table.GetEntityIfExistsAsync<TableEntity>("p", "4")).HasValue);
    }

    [Fact]
    public async Task A_hundred_operations_are_one_transaction()
    {
        var table = await tables.NewTableAsync();
        var answer = await table.SubmitTransactionAsync(Adds(100));
        Assert.Equal(100, answer.Value.Count);
        Assert.All(answer.Value, result => Assert.NotNull(result.Headers.ETag));
        Assert.Equal(100, await CountAsync(table));
    }

    [Fact]
    public async Task More_than_a_hundred_are_refused_and_none_is_an_error()
    {
        var table = await tables.NewTableAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => table.SubmitTransactionAsync(Adds(101)));
        Assert.Equal(0, await CountAsync(table));

        await Assert.ThrowsAsync<InvalidOperationException>(() => table.SubmitTransactionAsync([]));
        await Assert.ThrowsAsync<ArgumentNullException>(() => table.SubmitTransactionAsync(null));
    }

    public static TheoryData<TableTransactionActionType, string, int, string> Refusals => new()
    {
        { TableTransactionActionType.Add, "taken", 409, TableErrorCode.EntityAlreadyExists.ToString() },
        { TableTransactionActionType.UpdateMerge, "taken", 412, TableErrorCode.UpdateConditionNotSatisfied.ToString() },
        { TableTransactionActionType.UpdateReplace, "taken", 412, TableErrorCode.UpdateConditionNotSatisfied.ToString() },
        { TableTransactionActionType.Delete, "taken", 412, TableErrorCode.UpdateConditionNotSatisfied.ToString() },
        { TableTransactionActionType.UpdateMerge, "none", 404, TableErrorCode.ResourceNotFound.ToString() },
        { TableTransactionActionType.Delete, "none", 404, TableErrorCode.ResourceNotFound.ToString() },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task One_refused_operation_undoes_all_and_is_named(TableTransactionActionType type, string row, int status, string code)
    {
        var table = await tables.NewTableAsync();
        var old = (await table.AddEntityAsync(new TableEntity("p", "taken"))).Headers.ETag!.Value;
        await table.UpsertEntityAsync(new TableEntity("p", "taken") { ["A"] = 1 });

        var refusal = await Assert.ThrowsAsync<TableTransactionFailedException>(() => table.SubmitTransactionAsync(
        [
            new(TableTransactionActionType.Add, new TableEntity("p", "1")),
            new(TableTransactionActionType.UpsertMerge, new TableEntity("p", "2")),
            new(type, new TableEntity("p", row) { ["A"] = 2 }, old),
            new(TableTransactionActionType.Add, new TableEntity("p", "3")),
        ]));
        Assert.Equal(status, refusal.Status);
        Assert.Equal(code, refusal.ErrorCode);
        Assert.Equal(2, refusal.FailedTransactionActionIndex);
        Assert.Equal(1, await CountAsync(table));
        Assert.Equal(1, (await table.GetEntityAsync<TableEntity>("p", "taken")).Value.GetInt32("A"));
    }

    [Fact]
    public async Task A_single_refused_operation_is_a_failed_transaction_too()
    {
        var table = await tables.NewTableAsync();
        await table.AddEntityAsync(new TableEntity("p", "r"));
        var refusal = await Assert.ThrowsAsync<TableTransactionFailedException>(() => table.SubmitTransactionAsync(
            [new(TableTransactionActionType.Add, new TableEntity("p", "r"))]));
        Assert.Equal((409, 0), (refusal.Status, refusal.FailedTransactionActionIndex));
    }

    private static IEnumerable<TableTransactionAction> Adds(int count) =>
        Enumerable.Range(0, count).Select(i => new TableTransactionAction(TableTransactionActionType.Add, new TableEntity("p", $"r{i:D3}") { ["N"] = i }));

    private static async Task<int> CountAsync(TableClient table)
    {
        var count = 0;
        await foreach (var _ in table.QueryAsync<TableEntity>())
            count++;
        return count;
    }
}
