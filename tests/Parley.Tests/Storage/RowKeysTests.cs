using Parley.Conversations;
using Parley.Conversations.Messages;
using Parley.Core;
using Parley.Storage;
using Xunit;

namespace Parley.Tests.Storage;

public class RowKeysTests
{
    private static readonly TenantId Tenant = new(12);

    [Fact]
    public void Keys_are_as_documented()
    {
        Assert.Equal("00000012", Tenant.PartitionKey);
        Assert.Equal("00000012|0000000345", new ConversationKey(Tenant, 345).PartitionKey);
        Assert.Equal("m|0000000007", MessageRowKeys.Message(7));
        Assert.Equal(7, KeyParts.LastNumber(MessageRowKeys.Message(7)));
        Assert.Equal("c|0000000345", ConversationRowKeys.Conversation(345));
        Assert.Equal("a|9970299999|2147483302", ConversationRowKeys.Activity(ConversationRowKeys.ActivityList, 29_700_000, 345));
        Assert.Equal("k|00000012|0000000345", IdempotencyRowKeys.ScheduledIdempotencyKeys(Tenant, 345));
        Assert.Equal("202611210159", ScheduleRowKeys.DuePartition(new DateTimeOffset(2026, 11, 21, 1, 59, 59, TimeSpan.Zero)));
        Assert.Equal("202611210159", ScheduleRowKeys.DuePartition(new DateTimeOffset(2026, 11, 20, 22, 59, 59, TimeSpan.FromHours(-3))));
    }

    [Fact]
    public void Keys_sort_as_their_numbers_do()
    {
        Assert.True(string.CompareOrdinal(MessageRowKeys.Message(9), MessageRowKeys.Message(10)) < 0);
        Assert.True(string.CompareOrdinal(MessageRowKeys.Message(999_999), MessageRowKeys.Message(MessageKey.MaxSequence)) < 0);
        Assert.True(string.CompareOrdinal(ConversationRowKeys.Conversation(9), ConversationRowKeys.Conversation(int.MaxValue)) < 0);

        // Newest minute first, then the highest number.
        Assert.True(string.CompareOrdinal(ConversationRowKeys.Activity(ConversationRowKeys.ActivityList, 101, 1), ConversationRowKeys.Activity(ConversationRowKeys.ActivityList, 100, 2)) < 0);
        Assert.True(string.CompareOrdinal(ConversationRowKeys.Activity(ConversationRowKeys.ActivityList, 100, 2), ConversationRowKeys.Activity(ConversationRowKeys.ActivityList, 100, 1)) < 0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(TenantId.Max + 1)]
    public void Tenants_outside_24_bits_do_not_exist(int number)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new TenantId(number));
        Assert.False(TenantId.TryParse($"{number}", out _));
    }
}
