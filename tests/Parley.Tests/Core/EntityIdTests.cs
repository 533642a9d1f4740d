using Parley.Core;
using Xunit;

namespace Parley.Tests.Core;

public class EntityIdTests
{
    private static readonly EntityKind[] KindsWithoutSequence =
        [EntityKind.Conversation, EntityKind.Sender, EntityKind.Export, EntityKind.Chatbot];

    public static TheoryData<int, int, int, long> Extremes => new()
    {
        { 1, 1, 1, 0 },
        { 1, 1, 1, 1 },
        { TenantId.Max, int.MaxValue, MessageKey.MaxSequence, (1L << EntityId.CheckBits) - 1 },
        { 4711, 123_456_789, 0x2A_AAAA, 0x5_5555_5555 },
    };

    [Theory]
    [MemberData(nameof(Extremes))]
    public void An_id_is_read_as_written(int tenant, int conversation, int sequence, long check)
    {
        foreach (var kind in Enum.GetValues<EntityKind>())
        {
            var id = NewId(kind, tenant, conversation, sequence, check);

            Assert.True(EntityId.TryFromGuid(id.ToGuid(), kind, out var read));
            Assert.Equal(id, read);
        }
    }

    [Fact]
    public void Every_bit_of_an_id_counts()
    {
        var random = new RandomSource(seed: 2);
        foreach (var kind in Enum.GetValues<EntityKind>())
        {
            for (var round = 0; round < 20; round++)
            {
                var id = NewId(
                    kind,
                    (int)random.NextBits(24) | 1,
                    (int)random.NextBits(31) | 1,
                    (int)random.NextBits(22) | 1,
                    random.NextBits(EntityId.CheckBits));
                for (var bit = 0; bit < 128; bit++)
                {
                    if (EntityId.TryFromGuid(Flip(id.ToGuid(), bit), kind, out var read))
                    {
                        // What features look an entity up by: all of it except a sequence that its kind does not use.
                        Assert.NotEqual(Identity(id), Identity(read));
                    }
                }
            }
        }

        static (ConversationKey Key, long Check, int? Sequence) Identity(EntityId id) =>
            (id.Conversation, id.Check, KindsWithoutSequence.Contains(id.Kind) ? null : id.Sequence);
    }

    [Theory]
    [InlineData(EntityKind.Message, 0, false)]
    [InlineData(EntityKind.Message, MessageKey.MaxSequence, true)]
    [InlineData(EntityKind.Message, MessageKey.MaxSequence + 1, false)]
    [InlineData(EntityKind.Thread, MessageKey.MaxSequence + 1, false)]
    [InlineData(EntityKind.Completion, MessageKey.MaxSequence + 1, false)]
    [InlineData(EntityKind.Ticket, 0, false)]
    [InlineData(EntityKind.FollowUp, 0, false)]
    [InlineData(EntityKind.FollowUp, (1 << 25) - 1, true)]
    [InlineData(EntityKind.Sender, 1, false)]
    [InlineData(EntityKind.Export, 1 << 24, false)]
    public void A_sequence_that_the_kind_cannot_have_is_not_read(EntityKind kind, int sequence, bool isRead)
    {
        var id = new EntityId(kind, new ConversationKey(new TenantId(1), 1), sequence, 7);

        Assert.Equal(isRead, EntityId.TryFromGuid(id.ToGuid(), kind, out _));
    }

    [Fact]
    public void Random_ids_are_reversible_and_look_like_version_4()
    {
        var random = new RandomSource(seed: 1);
        for (var i = 0; i < 10_000; i++)
        {
            var key = new ConversationKey(new TenantId((int)random.NextBits(24) | 1), (int)random.NextBits(31) | 1);
            var id = new EntityId(EntityKind.Message, key, (int)random.NextBits(22) | 1, random.NextBits(EntityId.CheckBits));

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

    private static EntityId NewId(EntityKind kind, int tenant, int conversation, int sequence, long check) => new(
        kind,
        new ConversationKey(new TenantId(tenant), conversation),
        KindsWithoutSequence.Contains(kind) ? 0 : sequence,
        check);

    private static Guid Flip(Guid id, int bit)
    {
        var bytes = id.ToByteArray(bigEndian: true);
        bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        return new Guid(bytes, bigEndian: true);
    }
}
