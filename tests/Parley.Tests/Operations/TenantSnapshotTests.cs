using Azure.Data.Tables;
using Parley.Operations.Backup;
using Xunit;

namespace Parley.Tests.Operations;

public class TenantSnapshotTests
{
    [Theory]
    [InlineData("key|0000000002", true)]
    [InlineData("key|0000000003", false)]
    [InlineData("audit|98227000000000|00f1e2d3c4b5a697", true)]
    public void A_key_above_the_counter_is_left_out(string rowKey, bool isIncluded) =>
        Assert.Equal(isIncluded, new TenantSnapshot(new TableEntity("00000001", "counter") { ["LastKey"] = 2 })
            .Includes(new TableEntity("00000001", rowKey)));
}
