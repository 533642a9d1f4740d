using System.Globalization;

namespace Parley.Core;

/// <summary>
/// The key of a conversation. Numbers are unique in the tenant and stay below 2^31, so that a message's integer id
/// (<see cref="MessageKey.IntegerId"/>) stays below 2^53, the range of integers that every JSON parser keeps exact.
/// </summary>
/// <param name="Tenant">The owner.</param>
/// <param name="Number">1 to <see cref="int.MaxValue"/>.</param>
public readonly record struct ConversationKey(TenantId Tenant, int Number) : IEntityKey<ConversationKey>
{
    static EntityKind IEntityKey<ConversationKey>.Kind => EntityKind.Conversation;

    /// <summary>The partition of the table Conversations: tenant and number, <c>T|C</c>, zero-padded.</summary>
    public string PartitionKey => string.Create(CultureInfo.InvariantCulture, $"{Tenant.Number:D8}|{Number:D10}");

    static ConversationKey? IEntityKey<ConversationKey>.FromNumber(TenantId tenant, long number) =>
        new ConversationKey(tenant, (int)number);

    static ConversationKey? IEntityKey<ConversationKey>.FromEntityId(EntityId id) => id.Conversation;
}

/// <summary>The key of a message. Sequence numbers in a conversation start at 1 and have no gaps.</summary>
/// <param name="Conversation">The conversation.</param>
/// <param name="Sequence">1 to <see cref="MaxSequence"/>.</param>
public readonly record struct MessageKey(ConversationKey Conversation, int Sequence) : IEntityKey<MessageKey>
{
    /// <summary>Bits of an integer id that contain the sequence number.</summary>
    public const int SequenceBits = 22;

    /// <summary>The last sequence number of a conversation; after it the conversation is full.</summary>
    public const int MaxSequence = (1 << SequenceBits) - 1;

    public const long MaxIntegerId = ((long)int.MaxValue << SequenceBits) | MaxSequence;

    /// <summary>The id for clients that use integer ids: unique in the tenant, below 2^53.</summary>
    public long IntegerId => ((long)Conversation.Number << SequenceBits) | (uint)Sequence;

    static EntityKind IEntityKey<MessageKey>.Kind => EntityKind.Message;

    static long IEntityKey<MessageKey>.MaxNumber => MaxIntegerId;

    /// <summary>Parses a message id. False if no message of this conversation can have that id.</summary>
    public static bool TryParseIn(ConversationKey conversation, string text, out EntityRef<MessageKey> id) =>
        EntityRef.TryParse(text, conversation.Tenant, out id) && id.Key.Conversation == conversation;

    static MessageKey? IEntityKey<MessageKey>.FromNumber(TenantId tenant, long number)
    {
        var conversation = new ConversationKey(tenant, (int)(number >> SequenceBits));
        var key = new MessageKey(conversation, (int)(number & MaxSequence));
        return key is { Conversation.Number: > 0, Sequence: > 0 } ? key : null;
    }

    static MessageKey? IEntityKey<MessageKey>.FromEntityId(EntityId id) =>
        id.Sequence is > 0 and <= MaxSequence ? new MessageKey(id.Conversation, id.Sequence) : null;
}

/// <summary>The key of a sender. Numbers in a tenant start at 1 and have no gaps.</summary>
/// <param name="Tenant">The owner.</param>
/// <param name="Number">1 to <see cref="int.MaxValue"/>.</param>
public readonly record struct SenderKey(TenantId Tenant, int Number) : IEntityKey<SenderKey>
{
    static EntityKind IEntityKey<SenderKey>.Kind => EntityKind.Sender;

    static SenderKey? IEntityKey<SenderKey>.FromNumber(TenantId tenant, long number) =>
        new SenderKey(tenant, (int)number);

    static SenderKey? IEntityKey<SenderKey>.FromEntityId(EntityId id) =>
        new SenderKey(id.Conversation.Tenant, id.Conversation.Number);
}

/// <summary>The key of a chatbot. Numbers in a tenant start at 1 and have no gaps.</summary>
/// <param name="Tenant">The owner.</param>
/// <param name="Number">1 to <see cref="int.MaxValue"/>.</param>
public readonly record struct ChatbotKey(TenantId Tenant, int Number) : IEntityKey<ChatbotKey>
{
    static EntityKind IEntityKey<ChatbotKey>.Kind => EntityKind.Chatbot;

    static ChatbotKey? IEntityKey<ChatbotKey>.FromNumber(TenantId tenant, long number) =>
        new ChatbotKey(tenant, (int)number);

    static ChatbotKey? IEntityKey<ChatbotKey>.FromEntityId(EntityId id) =>
        new ChatbotKey(id.Conversation.Tenant, id.Conversation.Number);
}

/// <summary>The key of an export. Numbers in a tenant start at 1 and have no gaps.</summary>
/// <param name="Tenant">The owner.</param>
/// <param name="Number">1 to <see cref="int.MaxValue"/>.</param>
public readonly record struct ExportKey(TenantId Tenant, int Number) : IEntityKey<ExportKey>
{
    static EntityKind IEntityKey<ExportKey>.Kind => EntityKind.Export;

    static ExportKey? IEntityKey<ExportKey>.FromNumber(TenantId tenant, long number) =>
        new ExportKey(tenant, (int)number);

    static ExportKey? IEntityKey<ExportKey>.FromEntityId(EntityId id) =>
        new ExportKey(id.Conversation.Tenant, id.Conversation.Number);
}
