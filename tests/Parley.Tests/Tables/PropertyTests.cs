using Azure.Data.Tables;
using Xunit;

namespace Parley.Tests.Tables;

[Collection(OnTables.Name)]
public sealed class PropertyTests(TablesFixture tables)
{
    // No infinities: the client cannot write them (Azure.Data.Tables 12.13).
    public static TheoryData<object> Values => new(
        "", " ", "plain", "\"quotes\" and \\ and / and <tags> & more", "line\r\nbreak\tand tab", "Grüße 中文 日本語 עברית", "👩‍👩‍👧‍👦 𝒳 🇩🇪", new string('x', 32_768),
        true, false,
        0, -1, int.MinValue, int.MaxValue,
        0L, 1L, 9_007_199_254_740_993L, long.MinValue, long.MaxValue,
        0d, 1d, -1.5, 0.1, 1e300, double.MinValue, double.MaxValue, double.Epsilon, double.NaN,
        Guid.Empty, new Guid("7a0f6dd2-6a1f-4c07-9d3c-2f6b6f8e1c11"),
        new DateTimeOffset(1601, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 2, 28, 23, 59, 59, 999, TimeSpan.Zero), new DateTimeOffset(9999, 12, 31, 23, 59, 59, TimeSpan.Zero),
        new byte[] { 0, 1, 2, 253, 254, 255 }, Array.Empty<byte>());

    [Theory]
    [MemberData(nameof(Values))]
    public async Task A_value_is_read_back_unchanged(object value)
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
}
