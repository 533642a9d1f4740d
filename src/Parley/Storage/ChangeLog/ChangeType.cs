using System.Collections.Frozen;

namespace Parley.Storage.ChangeLog;

/// <summary>What a change does to what kind of object. Rows contain the numbers, answers the names.</summary>
public enum ChangeType
{
    ConversationCreated = 1,
    ConversationUpdated = 2,

    /// <summary>Messages were marked as read. The messages themselves are not logged.</summary>
    ConversationRead = 3,

    /// <summary>A person took the conversation over.</summary>
    ConversationHandedOff = 4,

    MessageCreated = 10,
    MessageUpdated = 11,
    MessageDeleted = 12,
    MessageFeedback = 13,

    FollowUpCreated = 20,
    FollowUpUpdated = 21,
    FollowUpSent = 22,
    FollowUpCancelled = 23,
    FollowUpFailed = 24,

    TicketCreated = 30,
    TicketUpdated = 31,

    /// <summary>A ticket was completed.</summary>
    TicketCompleted = 32,

    ThreadCreated = 40,

    CompletionStarted = 50,

    /// <summary>A completion ended with its whole reply.</summary>
    CompletionCompleted = 51,

    /// <summary>A completion ended without a reply or with a part of it.</summary>
    CompletionFailed = 52,

    /// <summary>The scores of a completion's record were changed.</summary>
    CompletionUpdated = 53,

    SenderCreated = 60,
    SenderUpdated = 61,

    ChatbotCreated = 70,
    ChatbotUpdated = 71,
    ChatbotDeleted = 72,

    ExportCreated = 80,
    ExportUpdated = 81,
    ExportCompleted = 82,
    ExportFailed = 83,
    ExportCancelled = 84,

    /// <summary>The file of an export was removed.</summary>
    ExportExpired = 85,

    KeyCreated = 90,
    KeyRotated = 91,
    KeyRevoked = 92,
}

/// <summary>The names of the types of changes.</summary>
public static class ChangeTypes
{
    private static readonly FrozenDictionary<ChangeType, string> Names =
        Enum.GetValues<ChangeType>().ToFrozenDictionary(type => type, NameOf);

    private static readonly FrozenDictionary<string, ChangeType> Types =
        Names.ToFrozenDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);

    /// <summary>All names, in the order of the types.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Enum.GetValues<ChangeType>().Select(Name)];

    /// <summary>The name in answers: the kind of object and what happened, such as <c>follow_up.sent</c>.</summary>
    public static string Name(this ChangeType type) => Names[type];

    public static bool TryParse(string name, out ChangeType type) => Types.TryGetValue(name, out type);

    private static string NameOf(ChangeType type)
    {
        var words = string.Concat(type.ToString().Select((letter, at) =>
            char.IsAsciiLetterUpper(letter) && at > 0 ? $"_{char.ToLowerInvariant(letter)}" : $"{char.ToLowerInvariant(letter)}"));
        return type switch
        {
            ChangeType.ConversationHandedOff => "conversation.handed_off",
            _ => words[..words.LastIndexOf('_')] + "." + words[(words.LastIndexOf('_') + 1)..],
        };
    }
}
