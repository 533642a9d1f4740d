using System.Globalization;

namespace Parley.Core;

/// <summary>A conversation as a client names it: by integer or by UUID.</summary>
/// <param name="Key">The conversation.</param>
/// <param name="Check">The check of the UUID, to be compared with the stored one; null for an integer.</param>
public readonly record struct ConversationRef(ConversationKey Key, long? Check)
{
    /// <summary>Reads an id; false for what can name no conversation of this tenant.</summary>
    public static bool TryParse(string text, TenantId tenant, out ConversationRef id)
    {
        id = default;
        if (Ids.TryParseInteger(text, int.MaxValue, out var number))
        {
            id = new ConversationRef(new ConversationKey(tenant, (int)number), null);
            return true;
        }

        if (EntityId.TryParse(text, EntityKind.Conversation, tenant, out var entity))
        {
            id = new ConversationRef(entity.Conversation, entity.Check);
            return true;
        }

        return false;
    }

    /// <summary>Whether a stored check is that of this id.</summary>
    public bool Matches(long storedCheck) => Ids.CheckMatches(Check, storedCheck);
}

/// <summary>A message as a client names it: by integer or by UUID.</summary>
/// <param name="Key">The message.</param>
/// <param name="Check">The check of the UUID, to be compared with the stored one; null for an integer.</param>
public readonly record struct MessageRef(MessageKey Key, long? Check)
{
    /// <summary>Reads an id; false for what can name no message of this conversation.</summary>
    public static bool TryParse(string text, ConversationKey conversation, out MessageRef id) =>
        TryParse(text, conversation.Tenant, out id) && id.Key.Conversation == conversation;

    /// <summary>Reads an id; false for what can name no message of this tenant.</summary>
    public static bool TryParse(string text, TenantId tenant, out MessageRef id)
    {
        id = default;
        if (Ids.TryParseInteger(text, MessageKey.MaxIntegerId, out var integer))
        {
            var conversation = new ConversationKey(tenant, (int)(integer >> MessageKey.SequenceBits));
            id = new MessageRef(new MessageKey(conversation, (int)(integer & MessageKey.MaxSequence)), null);
            return conversation.Number > 0 && id.Key.Sequence > 0;
        }

        if (EntityId.TryParse(text, EntityKind.Message, tenant, out var entity) && entity.Sequence is > 0 and <= MessageKey.MaxSequence)
        {
            id = new MessageRef(new MessageKey(entity.Conversation, entity.Sequence), entity.Check);
            return true;
        }

        return false;
    }

    /// <summary>Whether a stored check is that of this id.</summary>
    public bool Matches(long storedCheck) => Ids.CheckMatches(Check, storedCheck);
}

/// <summary>A sender as a client names it: by integer or by UUID.</summary>
/// <param name="Key">The sender.</param>
/// <param name="Check">The check of the UUID, to be compared with the stored one; null for an integer.</param>
public readonly record struct SenderRef(SenderKey Key, long? Check)
{
    /// <summary>Reads an id; false for what can name no sender of this tenant.</summary>
    public static bool TryParse(string text, TenantId tenant, out SenderRef id)
    {
        id = default;
        if (Ids.TryParseInteger(text, int.MaxValue, out var number))
        {
            id = new SenderRef(new SenderKey(tenant, (int)number), null);
            return true;
        }

        if (EntityId.TryParse(text, EntityKind.Sender, tenant, out var entity))
        {
            id = new SenderRef(new SenderKey(tenant, entity.Conversation.Number), entity.Check);
            return true;
        }

        return false;
    }

    /// <summary>Whether a stored check is that of this id.</summary>
    public bool Matches(long storedCheck) => Ids.CheckMatches(Check, storedCheck);
}

/// <summary>A chatbot as a client names it: by integer or by UUID.</summary>
/// <param name="Key">The chatbot.</param>
/// <param name="Check">The check of the UUID, to be compared with the stored one; null for an integer.</param>
public readonly record struct ChatbotRef(ChatbotKey Key, long? Check)
{
    /// <summary>Reads an id; false for what can name no chatbot of this tenant.</summary>
    public static bool TryParse(string text, TenantId tenant, out ChatbotRef id)
    {
        id = default;
        if (Ids.TryParseInteger(text, int.MaxValue, out var number))
        {
            id = new ChatbotRef(new ChatbotKey(tenant, (int)number), null);
            return true;
        }

        if (EntityId.TryParse(text, EntityKind.Chatbot, tenant, out var entity))
        {
            id = new ChatbotRef(new ChatbotKey(tenant, entity.Conversation.Number), entity.Check);
            return true;
        }

        return false;
    }

    /// <summary>Whether a stored check is that of this id.</summary>
    public bool Matches(long storedCheck) => Ids.CheckMatches(Check, storedCheck);
}

/// <summary>What ids of every kind have in common. Each has one spelling, but for the case of a UUID's digits.</summary>
public static class Ids
{
    private const int UuidLength = 36;

    /// <summary>Whether a text can be an id at all: a positive integer or a UUID.</summary>
    public static bool IsWellFormed(string text) => TryParseUuid(text, out _) || TryParseInteger(text, long.MaxValue, out _);

    /// <summary>Reads a UUID as RFC 9562, section 4 writes it. (Guid's own parser also takes signs, blanks and 0x within it.)</summary>
    public static bool TryParseUuid(string text, out Guid uuid)
    {
        uuid = default;
        return text.Length == UuidLength && text.All(c => c == '-' || char.IsAsciiHexDigit(c)) && Guid.TryParseExact(text, "D", out uuid);
    }

    /// <summary>Reads decimal digits without leading zeros. (The number's own parser also takes NULs at the end.)</summary>
    internal static bool TryParseInteger(string text, long max, out long value)
    {
        value = 0;
        return text.Length > 0 && text[0] != '0' && text.All(char.IsAsciiDigit)
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= max;
    }

    /// <summary>An integer id has no check, so it matches every one.</summary>
    internal static bool CheckMatches(long? asked, long stored) => asked is null || asked == stored;
}
