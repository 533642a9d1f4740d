using Parley.Conversations.Messages;
using Parley.Storage;
using Xunit;

namespace Parley.Tests.Storage;

public class FiltersTests
{
    [Fact]
    public void A_range_names_one_partition() => Assert.Equal(
        "PartitionKey eq '00000012|0000000345' and RowKey ge 'm|0000000001' and RowKey le 'm|0000000015'",
        Filters.Range("00000012|0000000345", MessageRowKeys.Message(1), MessageRowKeys.Message(15)));

    [Fact]
    public void Quotes_are_doubled() => Assert.Equal(
        "PartitionKey eq 'it''s' and (RowKey eq 'a'' or ''1'' eq ''1' or RowKey eq 'b')", Filters.Rows("it's", ["a' or '1' eq '1", "b"]));

    [Fact]
    public void No_filter_has_more_comparisons_than_the_service_accepts()
    {
        var most = Enumerable.Range(1, Filters.MaxRowKeys).Select(MessageRowKeys.Message).ToList();

        Assert.Equal(Filters.MaxComparisons, Filters.Rows("p", most).Split(" eq ").Length - 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => Filters.Rows("p", [.. most, "one more"]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Filters.Rows("p", []));
    }
}
