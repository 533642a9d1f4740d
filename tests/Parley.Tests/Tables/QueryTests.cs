using Azure;
using Azure.Data.Tables;
using Xunit;

namespace Parley.Tests.Tables;

[Collection(OnTables.Name)]
public sealed class QueryTests(TablesFixture tables)
{
    [Fact]
    public async Task All_rows_come_in_key_order_over_the_limit_of_a_page_and_from_a_token()
    {
        var table = await tables.NewTableAsync();
        for (var block = 0; block < 11; block++)
        {
            await table.SubmitTransactionAsync(Enumerable.Range(block * 100, 100).Select(
                i => new TableTransactionAction(TableTransactionActionType.Add, new TableEntity("p", $"r{i:D4}") { ["N"] = i })));
        }

        var all = await ReadAsync(table.QueryAsync<TableEntity>("PartitionKey eq 'p'"));
        Assert.Equal(Enumerable.Range(0, 1100), all.Select(row => row.GetInt32("N")!.Value));

        var pages = new List<Page<TableEntity>>();
        await foreach (var page in table.QueryAsync<TableEntity>("PartitionKey eq 'p'", maxPerPage: 400).AsPages())
            pages.Add(page);
        Assert.Equal([400, 400, 300], pages.Select(page => page.Values.Count));
        Assert.Null(pages[2].ContinuationToken);
        Assert.Equal(200, pages[0].GetRawResponse().Status);

        var rest = new List<int>();
        await foreach (var page in table.QueryAsync<TableEntity>("PartitionKey eq 'p'", maxPerPage: 7).AsPages(pages[0].ContinuationToken, pageSizeHint: 500))
        {
            Assert.InRange(page.Values.Count, 200, 500);
            rest.AddRange(page.Values.Select(row => row.GetInt32("N")!.Value));
        }

        Assert.Equal(Enumerable.Range(400, 700), rest);
    }

    [Fact]
    public async Task Rows_may_be_read_in_part_and_may_differ()
    {
        var table = await tables.NewTableAsync();
        await table.AddEntityAsync(new TableEntity("p", "1") { ["A"] = 1, ["B"] = "b", ["C"] = 2L });
        await table.AddEntityAsync(new TableEntity("p", "2") { ["C"] = 3L });
        await table.AddEntityAsync(new TableEntity("p", "3") { ["B"] = "c", ["D"] = true });
        await table.AddEntityAsync(new TableEntity("q", "1"));

        var all = await ReadAsync(table.QueryAsync<TableEntity>());
        Assert.Equal(["p1", "p2", "p3", "q1"], all.Select(row => row.PartitionKey + row.RowKey));
        Assert.Equal([2L, 3L, null, null], all.Select(row => row.GetInt64("C")));
        Assert.Equal(["b", null, "c", null], all.Select(row => row.GetString("B")));
        Assert.All(all, row => Assert.NotEqual(default, row.ETag));

        var part = await ReadAsync(table.QueryAsync<TableEntity>("PartitionKey eq 'p'", select: ["RowKey", "C"]));
        Assert.Equal(["1", "2", "3"], part.Select(row => row.RowKey));
        Assert.Equal([2L, 3L, null], part.Select(row => row.GetInt64("C")));
        Assert.All(part, row => Assert.False(row.ContainsKey("B")));
    }

    [Fact]
    public async Task Filters_compare_every_type()
    {
        var table = await tables.NewTableAsync();
        var id = new Guid("7a0f6dd2-6a1f-4c07-9d3c-2f6b6f8e1c11");
        var time = new DateTimeOffset(2026, 3, 1, 9, 30, 0, 250, TimeSpan.FromHours(2));
        var text = "O'Brien 中文 & 👋 100% #1?+";
        await table.AddEntityAsync(new TableEntity("p", "hit") { ["T"] = text, ["L"] = 9_007_199_254_740_993L, ["G"] = id, ["D"] = time, ["F"] = 1.5, ["B"] = true, ["I"] = -7 });
        await table.AddEntityAsync(new TableEntity("p", "miss") { ["T"] = "other", ["L"] = 1L, ["G"] = Guid.Empty, ["D"] = time.AddTicks(10_000), ["F"] = 2.5, ["B"] = false, ["I"] = 7 });

        string[] filters =
        [
            TableClient.CreateQueryFilter($"PartitionKey eq {"p"} and RowKey eq {"hit"}"),
            TableClient.CreateQueryFilter($"RowKey ge {"h"} and RowKey lt {"i"}"),
            TableClient.CreateQueryFilter($"T eq {text}"),
            TableClient.CreateQueryFilter($"L eq {9_007_199_254_740_993L}"),
            TableClient.CreateQueryFilter($"G eq {id}"),
            TableClient.CreateQueryFilter($"D eq {time}"),
            TableClient.CreateQueryFilter($"D lt {time.UtcDateTime.AddTicks(10_000)}"),
            TableClient.CreateQueryFilter($"F lt {2.25}"),
            TableClient.CreateQueryFilter($"B eq {true}"),
            TableClient.CreateQueryFilter($"I lt {0}"),
        ];
        foreach (var filter in filters)
            Assert.True((await ReadAsync(table.QueryAsync<TableEntity>(filter))) is [{ RowKey: "hit" }], filter);
    }

    [Fact]
    public async Task An_invalid_filter_is_refused()
    {
        var table = await tables.NewTableAsync();
        var refusal = await Assert.ThrowsAsync<RequestFailedException>(() => ReadAsync(table.QueryAsync<TableEntity>("this is no filter")));
        Assert.Equal(400, refusal.Status);
    }

    private static async Task<List<TableEntity>> ReadAsync(AsyncPageable<TableEntity> query)
    {
        var rows = new List<TableEntity>();
        await foreach (var row in query)
            rows.Add(row);
        return rows;
    }
}
