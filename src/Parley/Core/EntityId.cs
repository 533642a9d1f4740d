using System.Globalization;

namespace Parley.Core;

/// <summary>What an <see cref="EntityId"/> names. The numbers are stored in ids that clients keep: never change one.</summary>
public enum EntityKind
{
    /// <summary>A conversation; its sequence is 0.</summary>
    Conversation = 1,

    /// <summary>A message.</summary>
    Message = 2,

    /// <summary>A sender. It is the tenant's own, so its number stands where others have their conversation's.</summary>
    Sender = 3,

    /// <summary>A thread; its sequence is that of the message that it starts from.</summary>
    Thread = 4,

    /// <summary>A ticket.</summary>
    Ticket = 5,

    /// <summary>A follow-up.</summary>
    FollowUp = 6,

    /// <summary>An export. It is the tenant's own, so its number stands where others have their conversation's.</summary>
    Export = 7,

    /// <summary>A chatbot. It is the tenant's own, so its number stands where others have their conversation's.</summary>
    Chatbot = 8,

    /// <summary>An assistant's turn: a completion, and its record; its sequence is that of the customer's message.</summary>
    Completion = 9,
}

/// <summary>
/// A UUID that carries the key of what it names, so that a read by UUID is one point read and needs no index row.
/// It has the form of version 4, variant 10 (RFC 9562, section 5.4), because clients validate that; the other 122 bits are, from
/// the highest: kind 5, tenant 24, conversation 32, sequence 25, check 36. The check is random and stored with the row: an id
/// with a wrong one is the same as an unknown id. Nothing rests on an id being secret.
/// </summary>
/// <param name="Kind">What it names.</param>
/// <param name="Conversation">The tenant and conversation.</param>
/// <param name="Sequence">The number within the conversation; 0 for the conversation itself.</param>
/// <param name="Check">36 random bits.</param>
public readonly record struct EntityId(EntityKind Kind, ConversationKey Conversation, int Sequence, long Check)
{
    /// <summary>Bits of the check.</summary>
    public const int CheckBits = 36;

    private const int SequenceBits = 25;
    private const int ConversationBits = 32;
    private const int TenantBits = 24;

    /// <summary>The UUID.</summary>
    public Guid ToGuid()
    {
        var payload = (((((((UInt128)(uint)Kind << TenantBits) | (uint)Conversation.Tenant.Number)
            << ConversationBits) | (uint)Conversation.Number)
            << SequenceBits) | (uint)Sequence)
            << CheckBits | (ulong)Check;
        var high = (UInt128)(ulong)(payload >> 74) << 80;
        var middle = ((payload >> 62) & 0xFFFU) << 64;
        var low = payload & 0x3FFF_FFFF_FFFF_FFFFUL;
        var bits = high | ((UInt128)0x4 << 76) | middle | ((UInt128)0b10 << 62) | low;

        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, bits);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>Reads a UUID that <see cref="ToGuid"/> made for this kind.</summary>
    /// <returns>False for any other UUID; the same answer as an unknown id is then right.</returns>
    public static bool TryFromGuid(Guid uuid, EntityKind kind, out EntityId id)
    {
        Span<byte> bytes = stackalloc byte[16];
        uuid.TryWriteBytes(bytes, bigEndian: true, out _);
        var bits = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
        id = default;
        if ((uint)(bits >> 76 & 0xFU) != 4 || (uint)(bits >> 62 & 0b11U) != 0b10)
        {
            return false;
        }

        var payload = (bits >> 80 << 74) | ((bits >> 64 & 0xFFFU) << 62) | (bits & 0x3FFF_FFFF_FFFF_FFFFUL);
        var check = (long)(ulong)(payload & ((1UL << CheckBits) - 1));
        var sequence = (uint)(payload >> CheckBits) & ((1U << SequenceBits) - 1);
        var conversation = (uint)(payload >> (CheckBits + SequenceBits));
        var tenant = (uint)(payload >> (CheckBits + SequenceBits + ConversationBits)) & TenantId.Max;
        var stored = (uint)(payload >> (CheckBits + SequenceBits + ConversationBits + TenantBits));
        if (stored != (uint)kind || tenant == 0 || conversation is 0 or > int.MaxValue)
        {
            return false;
        }

        id = new EntityId(kind, new ConversationKey(new TenantId((int)tenant), (int)conversation), (int)sequence, check);
        return true;
    }

    /// <summary>Reads the text of such a UUID, of this tenant.</summary>
    public static bool TryParse(string text, EntityKind kind, TenantId tenant, out EntityId id)
    {
        id = default;
        return Ids.TryParseUuid(text, out var uuid) && TryFromGuid(uuid, kind, out id) && id.Conversation.Tenant == tenant;
    }

    /// <inheritdoc/>
    public override string ToString() => ToGuid().ToString("D", CultureInfo.InvariantCulture);
}
