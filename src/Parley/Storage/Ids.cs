using System.Globalization;

namespace Parley.Storage;

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

        if (Guid.TryParseExact(text, "D", out var guid) && EntityId.TryFromGuid(guid, EntityKind.Conversation, out var entity)
            && entity.Conversation.Tenant == tenant)
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
    public static bool TryParse(string text, ConversationKey conversation, out MessageRef id)
    {
        id = default;
        if (Ids.TryParseInteger(text, long.MaxValue, out var integer))
        {
            var key = new MessageKey(conversation, (int)(integer & MessageKey.MaxSequence));
            id = new MessageRef(key, null);
            return key.IntegerId == integer && key.Sequence > 0;
        }

        if (Guid.TryParseExact(text, "D", out var guid) && EntityId.TryFromGuid(guid, EntityKind.Message, out var entity)
            && entity.Conversation == conversation && entity.Sequence is > 0 and <= MessageKey.MaxSequence)
        {
            id = new MessageRef(new MessageKey(conversation, entity.Sequence), entity.Check);
            return true;
        }

        return false;
    }

    /// <summary>Whether a stored check is that of this id.</summary>
    public bool Matches(long storedCheck) => Ids.CheckMatches(Check, storedCheck);
}

/// <summary>What ids of every kind have in common.</summary>
internal static class Ids
{
    /// <summary>An integer id has no check, so it matches every one.</summary>
    public static bool CheckMatches(long? asked, long stored) => asked is null || asked == stored;

    /// <summary>Reads decimal digits without leading zeros, so that every id has one spelling.</summary>
    public static bool TryParseInteger(string text, long max, out long value) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value > 0 && value <= max && text[0] != '0';
}
