using System.Text;
using Azure.Data.Tables;
using Parley.Operations.Format;
using Xunit;

namespace Parley.Tests.Operations;

public class RowLineTests
{
    [Fact]
    public void Every_type_and_every_value_comes_back_as_it_was()
    {
        var row = new TableEntity("p|1", "r|\"é😀")
        {
            ["Text"] = "line\nbreak, \u0001, \"quotes\", é, 😀",
            ["Empty"] = "",
            ["True"] = true,
            ["False"] = false,
            ["Int32Min"] = int.MinValue,
            ["Int32Max"] = int.MaxValue,
            ["Int64Min"] = long.MinValue,
            ["Int64Small"] = 5L,
            ["Double"] = 0.1,
            ["DoubleWhole"] = 5.0,
            ["NaN"] = double.NaN,
            ["NegativeZero"] = -0.0,
            ["Epsilon"] = double.Epsilon,
            ["Moment"] = new DateTimeOffset(638_000_000_000_000_001, TimeSpan.Zero),
            ["Guid"] = new Guid("5b1f2a36-9d0a-4f5e-8a55-2f6f0a1b2c3d"),
            ["Bytes"] = new byte[] { 0, 255, 10 },
            ["NoBytes"] = Array.Empty<byte>(),
        };

        var line = RowLine.Write(row);
        var read = RowLine.Read(Encoding.ASCII.GetString(line.Span));

        Assert.Equal((row.PartitionKey, row.RowKey), (read.PartitionKey, read.RowKey));
        Assert.Equal(row.Keys.Order(StringComparer.Ordinal), read.Keys.Order(StringComparer.Ordinal));
        Assert.All(row, property =>
        {
            Assert.IsType(property.Value.GetType(), read[property.Key]);
            Assert.Equal(property.Value, read[property.Key]);
        });
        Assert.True(double.IsNegative((double)read["NegativeZero"]));
        Assert.DoesNotContain((byte)'\n', line.ToArray());
    }

    [Fact]
    public void The_order_of_properties_does_not_matter()
    {
        var one = new TableEntity("p", "r") { ["B"] = 1, ["A"] = "x" };
        var other = new TableEntity("p", "r") { ["A"] = "x", ["B"] = 1 };

        Assert.Equal(RowLine.Write(one).ToArray(), RowLine.Write(other).ToArray());
        other["B"] = 1L;
        Assert.NotEqual(RowLine.Write(one).ToArray(), RowLine.Write(other).ToArray());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"PartitionKey":"p","RowKey":"r"}""")]
    [InlineData("""{"PartitionKey":"p","RowKey":"r","Properties":{"A":{"Decimal":"1"}}}""")]
    public void A_line_that_is_not_a_row_is_refused(string line) => Assert.Throws<FormatException>(() => RowLine.Read(line));
}
