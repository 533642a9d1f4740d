using System.Globalization;

namespace Parley.Core;

/// <summary>
/// The kind of entity that an <see cref="EntityId"/> identifies. The values are part of ids that clients keep: never
/// change one.
/// </summary>
public enum EntityKind
{
    /// <summary>The sequence is 0.</summary>
    Conversation = 1,

    Message = 2,

    /// <summary>Belongs to no conversation: its number is stored in the bits of the conversation number.</summary>
    Sender = 3,

    /// <summary>The sequence is that of the message that the thread starts from.</summary>
    Thread = 4,

    Ticket = 5,

    FollowUp = 6,

    /// <summary>Belongs to no conversation: its number is stored as for <see cref="Sender"/>.</summary>
    Export = 7,

    /// <summary>Belongs to no conversation: its number is stored as for <see cref="Sender"/>.</summary>
    Chatbot = 8,

    /// <summary>A completion and its record. The sequence is that of the customer's message.</summary>
    Completion = 9,

    /// <summary>A file that was uploaded before its message. Its numbers are random; it belongs to no conversation.</summary>
    Upload = 10,
}

/// <summary>
/// A UUID that contains the key of its entity, so that a read by UUID is one point read and needs no index row.
/// It has the form of version 4, variant 10 (RFC 9562, section 5.4), because clients validate that. The other 122 bits
/// are, from the highest: kind 5, tenant 24, conversation 32, sequence 25, check 36. The check is random and stored in
/// the row: an id with another check is handled as an unknown id. Security does not depend on ids being secret.
/// </summary>
/// <param name="Kind">The kind of entity.</param>
/// <param name="Conversation">The tenant and conversation.</param>
/// <param name="Sequence">
/// The number within the conversation, from 1; 0 for a conversation and for kinds that belong to none.
/// </param>
/// <param name="Check">36 random bits.</param>
public readonly record struct EntityId(EntityKind Kind, ConversationKey Conversation, int Sequence, long Check)
{
    public const int CheckBits = 36;

    private const int SequenceBits = 25;
    private const int ConversationBits = 32;
    private const int TenantBits = 24;

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

    /// <summary>Parses a UUID that <see cref="ToGuid"/> returned for this kind.</summary>
    /// <returns>False for any other UUID. Callers handle it as an unknown id.</returns>
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
        if (stored != (uint)kind
            || tenant == 0
            || conversation is 0 or > int.MaxValue
            || !IsSequence(kind, sequence))
        {
            return false;
        }

        var key = new ConversationKey(new TenantId((int)tenant), (int)conversation);
        id = new EntityId(kind, key, (int)sequence, check);
        return true;
    }

    /// <summary>
    /// True for a sequence that an entity of this kind can have. The bits that a kind does not use are zero, so that an
    /// entity has one UUID: another one with the same key and check would be a second name for it.
    /// </summary>
    private static bool IsSequence(EntityKind kind, uint sequence) => kind switch
    {
        EntityKind.Conversation or EntityKind.Sender or EntityKind.Export or EntityKind.Chatbot => sequence == 0,
        EntityKind.Message or EntityKind.Thread or EntityKind.Completion =>
            sequence is > 0 and <= MessageKey.MaxSequence,
        _ => sequence > 0,
    };

    /// <summary>Parses a UUID as <see cref="TryFromGuid"/> does. False for another tenant's, too.</summary>
    public static bool TryParse(string text, EntityKind kind, TenantId tenant, out EntityId id)
    {
        id = default;
        return Ids.TryParseUuid(text, out var uuid)
            && TryFromGuid(uuid, kind, out id)
            && id.Conversation.Tenant == tenant;
    }

    /// <inheritdoc/>
    public override string ToString() => ToGuid().ToString("D", CultureInfo.InvariantCulture);
}
