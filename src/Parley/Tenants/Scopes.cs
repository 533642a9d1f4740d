namespace Parley.Tenants;

/// <summary>
/// The permissions of an API key. Rows store the numbers: never change one. The names are part of the API.
/// </summary>
[Flags]
public enum Scopes
{
    None = 0,

    /// <summary>Reads conversations, messages, threads, tickets and senders.</summary>
    MessagesRead = 1,

    /// <summary>Writes conversations, messages, threads, tickets and senders.</summary>
    MessagesWrite = 2,

    FollowUpsRead = 4,

    FollowUpsWrite = 8,

    /// <summary>Creates, reads and deletes exports.</summary>
    ExportsWrite = 16,

    /// <summary>Reads and writes chatbots.</summary>
    AssistantsWrite = 32,

    /// <summary>Runs and reads completions, and reads and scores their records.</summary>
    AssistantsUse = 64,

    /// <summary>Manages the tenant's API keys.</summary>
    Admin = 128,

    /// <summary>Reads the tenant's audit log.</summary>
    AuditRead = 256,
}

/// <summary>The names of scopes in the API.</summary>
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
        ["assistants:use"] = Scopes.AssistantsUse,
        ["admin"] = Scopes.Admin,
        ["audit:read"] = Scopes.AuditRead,
    };

    public static IReadOnlyCollection<string> All => ByName.Keys;

    public static bool TryParse(string name, out Scopes scope) => ByName.TryGetValue(name, out scope);

    /// <summary>The names of a set of scopes, in the order of <see cref="All"/>.</summary>
    public static IEnumerable<string> Names(this Scopes scopes) =>
        ByName.Where(pair => scopes.HasFlag(pair.Value)).Select(pair => pair.Key);
}
