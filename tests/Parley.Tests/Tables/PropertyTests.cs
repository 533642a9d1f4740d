using Azure.Data.Tables;
using Xunit;

namespace Parley.Tests.Tables;

[Collection(OnTables.Name)]
public sealed class PropertyTests(TablesFixture tables)
{
    public static TheoryData<object> Values => new(
        "", " ", "plain", "\"quotes\" and \\ and / and <tags> & more", "line\r\nbreak\tand tab", "Grüße 中文 日本語 עברית", "👩‍👩‍👧‍👦 𝒳 🇩🇪", new string('x', 32_768),
        true, false,
        0, -1, int.MinValue, int.MaxValue,
        0L, 1L, 9_007_199_254_740_993L, long.MinValue, long.MaxValue,
        0d, 1d, -1.5, 0.1, 1e300, double.MinValue, double.MaxValue, double.Epsilon, double.NaN, double.PositiveInfinity, double.NegativeInfinity,
        Guid.Empty, new Guid("7a0f6dd2-6a1f-4c07-9d3c-2f6b6f8e1c11"),
        new DateTimeOffset(1601, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 2, 28, 23, 59, 59, 999, TimeSpan.Zero), new DateTimeOffset(9999, 12, 31, 23, 59, 59, TimeSpan.Zero),
        new byte[] { 0, 1, 2, 253, 254, 255 }, Array.Empty<byte>());

    [Theory]
    [MemberData(nameof(Values))]
    public async Task A_value_comes_back_as_it_went(object value)
    {
        var table = await tables.NewTableAsync();
        await table.AddEntityAsync(new TableEntity("p", "r") { ["Before"] = 1, ["Value"] = value, ["After"] = "end" });

        var row = (await table.GetEntityAsync<TableEntity>("p", "r")).Value;
        Assert.Equal(value, row["Value"]);
        Assert.IsType(value.GetType(), row["Value"]);
        Assert.Equal((1, "end"), (row.GetInt32("Before"), row.GetString("After")));

        await foreach (var match in table.QueryAsync<TableEntity>("PartitionKey eq 'p'"))
            Assert.Equal(value, match["Value"]);
    }

    [Fact]
    public async Task Dates_come_back_in_UTC_to_the_tick_of_the_storage()
    {
        var table = await tables.NewTableAsync();
        var local = new DateTimeOffset(2026, 3, 1, 1, 2, 3, 456, TimeSpan.FromHours(8));
        var utc = new DateTime(2026, 3, 1, 1, 2, 3, 456, DateTimeKind.Utc);
        await table.AddEntityAsync(new TableEntity("p", "r") { ["Offset"] = local, ["Utc"] = utc });

        var row = (await table.GetEntityAsync<TableEntity>("p", "r")).Value;
        Assert.Equal(local, row.GetDateTimeOffset("Offset"));
        Assert.Equal(TimeSpan.Zero, row.GetDateTimeOffset("Offset")!.Value.Offset);
        Assert.Equal(utc, row.GetDateTime("Utc"));
        Assert.Equal(DateTimeKind.Utc, row.GetDateTime("Utc")!.Value.Kind);
        Assert.Equal(new DateTimeOffset(utc), row.GetDateTimeOffset("Utc"));

        await Assert.ThrowsAsync<NotSupportedException>(() => table.AddEntityAsync(new TableEntity("p", "r2") { ["Local"] = new DateTime(2026, 3, 1) }));
        await Assert.ThrowsAsync<NotSupportedException>(() => table.AddEntityAsync(new TableEntity("p", "r2") { ["Enum"] = DayOfWeek.Friday }));
    }

    [Fact]
    public async Task Binary_data_is_bytes()
    {
        var table = await tables.NewTableAsync();
        await table.AddEntityAsync(new TableEntity("p", "r") { ["Bytes"] = BinaryData.FromString("hello") });
        var row = (await table.GetEntityAsync<TableEntity>("p", "r")).Value;
        Assert.Equal("hello"u8.ToArray(), row.GetBinary("Bytes"));
        Assert.Equal("hello", row.GetBinaryData("Bytes").ToString());
    }

    [Fact]
    public async Task A_null_property_is_not_stored_and_a_merge_leaves_the_old_value()
    {
        var table = await tables.NewTableAsync();
        await table.AddEntityAsync(new TableEntity("p", "r") { ["A"] = "a", ["B"] = null });
        await table.UpsertEntityAsync(new TableEntity("p", "r") { ["A"] = null, ["C"] = "c" });
        var row = (await table.GetEntityAsync<TableEntity>("p", "r")).Value;
        Assert.Equal(("a", null, "c"), (row.GetString("A"), row.GetString("B"), row.GetString("C")));
        Assert.False(row.ContainsKey("B"));
    }

    [Fact]
    public void Getters_give_null_for_nothing_and_refuse_another_type()
    {
        var row = new TableEntity("p", "r") { ["Int"] = 1, ["Long"] = 2L, ["Double"] = 3.5, ["Text"] = "t", ["Null"] = null, ["Time"] = DateTimeOffset.UnixEpoch };
        Assert.Null(row.GetInt32("None"));
        Assert.Null(row.GetString("Null"));
        Assert.Null(row.GetBinaryData("None"));
        Assert.Null(row["None"]);
        Assert.False(row.TryGetValue("None", out _));
        Assert.True(row.TryGetValue("Text", out var text) && (string)text == "t");

        Assert.Throws<InvalidOperationException>(() => row.GetInt64("Int"));
        Assert.Throws<InvalidOperationException>(() => row.GetInt32("Long"));
        Assert.Throws<InvalidOperationException>(() => row.GetDouble("Int"));
        Assert.Throws<InvalidOperationException>(() => row.GetString("Int"));
        Assert.Throws<InvalidOperationException>(() => row.GetGuid("Text"));
        Assert.Throws<InvalidOperationException>(() => row.GetBinary("Text"));
        Assert.Throws<InvalidOperationException>(() => row.GetBoolean("Text"));
        Assert.Equal(DateTime.UnixEpoch, row.GetDateTime("Time"));
    }

    [Fact]
    public void An_int_takes_the_type_of_the_number_that_it_replaces()
    {
        var row = new TableEntity("p", "r") { ["Long"] = 2L, ["Double"] = 3.5, ["Int"] = 1 };
        row["Long"] = 5;
        row["Double"] = 6;
        row["Int"] = 7L;
        Assert.Equal((5L, 6d, 7L), (row.GetInt64("Long"), row.GetDouble("Double"), row.GetInt64("Int")));
    }

    [Fact]
    public void A_row_is_a_dictionary_with_its_keys()
    {
        var row = new TableEntity(new Dictionary<string, object> { ["PartitionKey"] = "p", ["RowKey"] = "r", ["A"] = 1 });
        Assert.Equal(("p", "r", 3), (row.PartitionKey, row.RowKey, row.Count));
        Assert.True(row.Remove("A"));
        Assert.False(row.ContainsKey("A"));
        row.Add("B", 2);
        row.Add("B", 3);
        Assert.Equal(3, row.GetInt32("B"));
        Assert.Equal(["B", "PartitionKey", "RowKey"], row.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(default, row.ETag);
        Assert.Null(row.Timestamp);
    }
}
