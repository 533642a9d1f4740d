namespace Parley.Tenants;

/// <summary>What an API key may do. Stored by number: never change one. The names are part of the API.</summary>
[Flags]
public enum Scopes
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Reads conversations, messages, threads, tickets and senders.</summary>
    MessagesRead = 1,

    /// <summary>Writes them.</summary>
    MessagesWrite = 2,

    /// <summary>Reads follow-ups.</summary>
    FollowUpsRead = 4,

    /// <summary>Writes follow-ups.</summary>
    FollowUpsWrite = 8,

    /// <summary>Orders, reads and removes exports.</summary>
    ExportsWrite = 16,

    /// <summary>Chatbots, completions and their records.</summary>
    AssistantsWrite = 32,
}

/// <summary>The scopes' names.</summary>
public static class ScopeNames
{
    private static readonly Dictionary<string, Scopes> ByName = new(StringComparer.Ordinal)
    {
        ["messages:read"] = Scopes.MessagesRead,
        ["messages:write"] = Scopes.MessagesWrite,
        ["follow-ups:read"] = Scopes.FollowUpsRead,
        ["follow-ups:write"] = Scopes.FollowUpsWrite,
        ["exports:write"] = Scopes.ExportsWrite,
        ["assistants:write"] = Scopes.AssistantsWrite,
    };

    /// <summary>All names.</summary>
    public static IReadOnlyCollection<string> All => ByName.Keys;

    /// <summary>The scope of a name.</summary>
    public static bool TryParse(string name, out Scopes scope) => ByName.TryGetValue(name, out scope);

    /// <summary>The names of a set of scopes, in the order of <see cref="All"/>.</summary>
    public static IEnumerable<string> Names(this Scopes scopes) => ByName.Where(pair => scopes.HasFlag(pair.Value)).Select(pair => pair.Key);
}
