using System.Globalization;
using Azure;
using Azure.Data.Tables;
using Parley.Testing;
using Xunit;

namespace Parley.Tests.OnStrictTables;

/// <summary>
/// The differences of Azurite and StrictTables, each with the article of Azure's documentation that StrictTables
/// follows. docs/testing.md has this table. When Azurite implements one of these rules, its row fails here and can move
/// to <see cref="Agreements"/>.
/// </summary>
public sealed class DifferencesTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private const string Transactions = "Performing entity group transactions";
    private const string Model = "Table service data model";
    private const string Querying = "Querying tables and entities";
    private const string Codes = "Table Storage error codes";

    private static readonly string Long = new('x', 32 * 1024);

    private static readonly Case[] Differences =
    [
        new("A transaction over two partitions", Transactions, "done", "400 CommandsInBatchActOnDifferentPartitions", table =>
            DoneAsync(table.SubmitTransactionAsync([Add(new("p", "1")), Add(new("q", "1"))]))),
        new("16 comparisons in a filter", Querying, "0 rows", "400 InvalidInput", table =>
            RowsAsync(table, string.Join(" or ", Enumerable.Range(0, 16).Select(i => $"N eq {i}")))),
        new("$top of 1,001", "Query operators supported for the Table service", "0 rows", "400 InvalidInput", table => RowsAsync(table, null, 1001)),
        new("$select of a property that the row lacks", Querying, "absent", "null", async table =>
        {
            await table.AddEntityAsync(new TableEntity("p", "r"));
            return (await table.GetEntityAsync<TableEntity>("p", "r", ["A"])).Value.ContainsKey("A") ? "null" : "absent";
        }),
        new("253 own properties", Model, "done", "400 TooManyProperties", table => DoneAsync(table.AddEntityAsync(With(Enumerable.Range(0, 253), "x")))),
        new("253 own properties after a merge", Model, "done", "400 TooManyProperties", async table =>
        {
            await table.AddEntityAsync(With(Enumerable.Range(0, 252), "x"));
            return await DoneAsync(table.UpsertEntityAsync(With([252], "x")));
        }),
        new("A row of more than 1 MiB", Model, "done", "400 EntityTooLarge", table => DoneAsync(table.AddEntityAsync(With(Enumerable.Range(0, 17), Long)))),
        new("A property's name with -", Model, "done", "400 PropertyNameInvalid", table => DoneAsync(table.AddEntityAsync(new TableEntity("p", "r") { ["a-b"] = 1 }))),
        new("A property's name of 256 characters", Model, "done", "400 PropertyNameTooLong", table => DoneAsync(table.AddEntityAsync(new TableEntity("p", "r") { [Long[..256]] = 1 }))),
        new("A date in 1600", Model, "done", "400 OutOfRangeInput", table => DoneAsync(table.AddEntityAsync(With([0], new DateTimeOffset(1600, 12, 31, 0, 0, 0, TimeSpan.Zero))))),
        new("A key of 513 characters", Model, "400 InvalidInput", "400 PropertyValueTooLarge", table => DoneAsync(table.AddEntityAsync(new TableEntity("p", Long[..513])))),
        .. "/\\#?\t\u0085".Select(letter => new Case($"A key with U+{(int)letter:X4}", Codes, "400 InvalidInput", "400 OutOfRangeInput", table =>
            DoneAsync(table.AddEntityAsync(new TableEntity("p", $"a{letter}b"))))),
        new("If-Match that is no ETag", Codes, "400 InvalidOperation", "400 InvalidInput", async table =>
        {
            await table.AddEntityAsync(new TableEntity("p", "r"));
            return await DoneAsync(table.UpdateEntityAsync(new TableEntity("p", "r"), new ETag("\"5\"")));
        }),
        new("Creating a table that was just deleted", "Delete Table", "done", "409 TableBeingDeleted", async table =>
        {
            await table.DeleteAsync();
            return await DoneAsync(table.CreateIfNotExistsAsync());
        }),
    ];

    private static readonly Case[] Agreements =
    [
        new("A row twice in one transaction", Transactions, "400 InvalidDuplicateRow", table =>
            DoneAsync(table.SubmitTransactionAsync([Add(new("p", "1")), new(TableTransactionActionType.UpsertMerge, new TableEntity("p", "1"))]))),
        new("A string of 32,769 characters", Model, "400 PropertyValueTooLarge", table => DoneAsync(table.AddEntityAsync(With([0], Long + "x")))),
        new("64 KiB + 1 of bytes", Model, "400 PropertyValueTooLarge", table => DoneAsync(table.AddEntityAsync(With([0], new byte[(64 * 1024) + 1])))),
        new("A transaction in no table", Codes, "404 TableNotFound", async table =>
        {
            await table.DeleteAsync();
            return await DoneAsync(table.SubmitTransactionAsync([Add(new("p", "1"))]));
        }),
        new("A query of no table", Codes, "404 TableNotFound", async table =>
        {
            await table.DeleteAsync();
            return await RowsAsync(table, null);
        }),
        new("The order of keys", Querying, "!,0,B,Z,_,a,aa,ä,\ud83d\ude00,\uff5e", async table =>
        {
            foreach (var key in (string[])["aa", "ä", "_", "B", "Z", "\uff5e", "\ud83d\ude00", "a", "0", "!"])
            {
                await table.AddEntityAsync(new TableEntity("p", key));
            }

            var keys = new List<string>();
            await foreach (var row in table.QueryAsync<TableEntity>())
            {
                keys.Add(row.RowKey);
            }

            return string.Join(',', keys);
        }),
        new("A literal of another type than the property, 5 for 5L", Querying, "0 rows", async table =>
        {
            await table.AddEntityAsync(new TableEntity("p", "r") { ["N"] = 5L });
            return await RowsAsync(table, "N eq 5");
        }),
        Filter("A ne 1", 2),
        Filter("not (A eq 1)", 3),
        Filter("A eq 2 or (B eq 'x' and not (A gt 5))", 3),
        Filter("B eq 'it''s'", 1),
        Filter("PartitionKey eq 'p' and A ge 2", 2),
        Filter("A eq 1 or B eq 'x' and A eq 3", 2),
        Filter("", 4),
    ];

    public static TheoryData<string> DifferenceNames => [.. Differences.Select(each => each.What)];

    public static TheoryData<string> AgreementNames => [.. Agreements.Select(each => each.What)];

    [Theory]
    [MemberData(nameof(DifferenceNames))]
    public Task Differs_as_documented(string what) => CompareAsync(Differences.Single(each => each.What == what));

    [Theory]
    [MemberData(nameof(AgreementNames))]
    public Task Is_the_same_on_both(string what) => CompareAsync(Agreements.Single(each => each.What == what));

    private static Case Filter(string filter, int rows) => new($"Filter: {filter}", Querying, string.Create(CultureInfo.InvariantCulture, $"{rows} rows"), async table =>
    {
        await table.AddEntityAsync(new TableEntity("p", "1") { ["A"] = 1 });
        await table.AddEntityAsync(new TableEntity("p", "2") { ["A"] = 2, ["B"] = "it's" });
        await table.AddEntityAsync(new TableEntity("p", "3") { ["A"] = 3, ["B"] = "x" });
        await table.AddEntityAsync(new TableEntity("q", "4") { ["B"] = "x" });
        return await RowsAsync(table, filter);
    });

    private static TableTransactionAction Add(TableEntity entity) => new(TableTransactionActionType.Add, entity);

    private static TableEntity With(IEnumerable<int> numbers, object value)
    {
        var entity = new TableEntity("p", "r");
        foreach (var number in numbers)
        {
            entity[string.Create(CultureInfo.InvariantCulture, $"P{number}")] = value;
        }

        return entity;
    }

    private static async Task<string> DoneAsync(Task work)
    {
        await work;
        return "done";
    }

    private static async Task<string> RowsAsync(TableClient table, string? filter, int? top = null)
    {
        var count = 0;
        await foreach (var _ in table.QueryAsync<TableEntity>(filter, top))
        {
            count++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{count} rows");
    }

    private static async Task<string> OutcomeAsync(TableClient table, Func<TableClient, Task<string>> act)
    {
        await table.CreateIfNotExistsAsync();
        try
        {
            return await act(table);
        }
        catch (RequestFailedException e)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{e.Status} {e.ErrorCode}");
        }
    }

    private async Task CompareAsync(Case each)
    {
        var onAzurite = await OutcomeAsync(new TableServiceClient(azurite.ConnectionString).GetTableClient($"d{Guid.CreateVersion7():N}"), each.Act);
        var onStrict = await OutcomeAsync(new StrictTables(new VirtualTime()).Connect().ServiceClient().GetTableClient("Table"), each.Act);
        Assert.Equal((each.Azurite, each.Strict), (onAzurite, onStrict));
    }

    /// <param name="What">The operation.</param>
    /// <param name="Rule">The article with the rule.</param>
    /// <param name="Azurite">The response of Azurite.</param>
    /// <param name="Strict">The response of StrictTables.</param>
    /// <param name="Act">Runs the operation on an empty table.</param>
    private sealed record Case(string What, string Rule, string Azurite, string Strict, Func<TableClient, Task<string>> Act)
    {
        public Case(string what, string rule, string both, Func<TableClient, Task<string>> act)
            : this(what, rule, both, both, act)
        {
        }
    }
}
