using Azure.Data.Tables;
using Parley.Storage;
using Xunit;

namespace Parley.Tests.Storage;

public class LongTextTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(LongText.MaxPerProperty - 1)]
    [InlineData(LongText.MaxPerProperty)]
    [InlineData(LongText.MaxPerProperty + 1)]
    [InlineData(2 * LongText.MaxPerProperty)]
    [InlineData(100_000)]
    public void A_text_is_read_as_written(int length)
    {
        var text = string.Concat(Enumerable.Range(0, length).Select(i => (char)('a' + i % 26)));
        var row = new TableEntity("p", "r");

        LongText.Write(row, "Text", text);

        Assert.Equal(text, LongText.Read(row, "Text"));
        Assert.All(((IDictionary<string, object>)row).Values.OfType<string>(), value => Assert.True(value.Length <= LongText.MaxPerProperty));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void No_surrogate_pair_is_split(int shift)
    {
        var text = new string('a', shift) + string.Concat(Enumerable.Repeat("😀", 2 * LongText.MaxPerProperty));
        var row = new TableEntity("p", "r");

        LongText.Write(row, "Text", text);

        Assert.Equal(text, LongText.Read(row, "Text"));
        Assert.All(((IDictionary<string, object>)row).Values.OfType<string>(), value =>
            Assert.True(value.Length <= LongText.MaxPerProperty && !char.IsHighSurrogate(value[^1]) && !char.IsLowSurrogate(value[0])));
    }

    [Fact]
    public void An_absent_text_is_null() => Assert.Null(LongText.Read(new TableEntity("p", "r"), "Text"));
}
