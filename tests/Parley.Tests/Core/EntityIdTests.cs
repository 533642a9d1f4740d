using Parley.Core;
using Xunit;

namespace Parley.Tests.Core;

public class EntityIdTests
{
    public static TheoryData<int, int, int, long> Extremes => new()
    {
        { 1, 1, 0, 0 },
        { 1, 1, 1, 1 },
        { TenantId.Max, int.MaxValue, (1 << 25) - 1, (1L << EntityId.CheckBits) - 1 },
        { 4711, 123_456_789, MessageKey.MaxSequence, 0x5_5555_5555 },
    };

    [Theory]
    [MemberData(nameof(Extremes))]
    public void An_id_is_read_as_written(int tenant, int conversation, int sequence, long check)
    {
        foreach (var kind in Enum.GetValues<EntityKind>())
        {
            var id = new EntityId(kind, new ConversationKey(new TenantId(tenant), conversation), sequence, check);

            Assert.True(EntityId.TryFromGuid(id.ToGuid(), kind, out var read));
            Assert.Equal(id, read);
        }
    }

    [Fact]
    public void Random_ids_are_reversible_and_look_like_version_4()
    {
        var random = new RandomSource(seed: 1);
        for (var i = 0; i < 10_000; i++)
        {
            var key = new ConversationKey(new TenantId((int)random.NextBits(24) | 1), (int)random.NextBits(31) | 1);
            var id = new EntityId(EntityKind.Message, key, (int)random.NextBits(22), random.NextBits(EntityId.CheckBits));

            Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", id.ToString());
            Assert.True(EntityId.TryFromGuid(Guid.Parse(id.ToString()), EntityKind.Message, out var read));
            Assert.Equal(id, read);
        }
    }

    [Fact]
    public void Another_kind_is_not_read()
    {
        var id = new EntityId(EntityKind.Conversation, new ConversationKey(new TenantId(1), 1), 0, 7);

        Assert.False(EntityId.TryFromGuid(id.ToGuid(), EntityKind.Message, out _));
    }

    [Theory]
    [InlineData("00000000-0000-0000-0000-000000000000")]
    [InlineData("ffffffff-ffff-ffff-ffff-ffffffffffff")]
    [InlineData("08000008-0000-1000-a000-000d217cec9d")] // version 1
    [InlineData("08000008-0000-4000-2000-000d217cec9d")] // variant 00
    [InlineData("08000000-0000-4000-a000-000d217cec9d")] // tenant 0
    public void Foreign_uuids_are_not_read(string text) => Assert.False(EntityId.TryFromGuid(Guid.Parse(text), EntityKind.Conversation, out _));

    [Fact]
    public void The_form_never_changes()
    {
        // Clients store ids. If this test fails, their ids no longer work.
        var id = new EntityId(EntityKind.Message, new ConversationKey(new TenantId(0xABCDEF), 0x12345678), 0x3FFFFF, 0x9_8765_4321);

        Assert.Equal("155e6f78-91a2-4b3c-83ff-fff987654321", id.ToString());
    }
}
