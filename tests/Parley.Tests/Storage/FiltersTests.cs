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
        "PartitionKey eq 'it''s' and RowKey ge 'a'' or ''1'' eq ''1' and RowKey le 'b'", Filters.Range("it's", "a' or '1' eq '1", "b"));
}
