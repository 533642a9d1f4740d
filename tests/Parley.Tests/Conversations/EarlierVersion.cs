using Parley.Conversations;
using Parley.Storage.ChangeLog;
using Parley.Testing;

namespace Parley.Tests.Conversations;

/// <summary>
/// Makes a process write conversations as version 0.2.0 does: without the marks, counts, positions, lists and the log
/// of changes that later versions maintain.
/// </summary>
internal static class EarlierVersion
{
    /// <param name="isEarlier">True for the names of the processes of the earlier version; by default all.</param>
    public static TableDefect Of(Func<string, bool>? isEarlier = null) => new()
    {
        HasDefect = isEarlier ?? (_ => true),
        Omits = (table, rowKey, property) => table == "Conversations" && property switch
        {
            null => rowKey.StartsWith("fc|", StringComparison.Ordinal) || rowKey.StartsWith(ChangeRowKeys.Changes, StringComparison.Ordinal),
            "Writer" or "OldRev" or "LogMinute" => rowKey == ConversationRowKeys.Head,
            "Messages" or "CountedAt" => rowKey.StartsWith("th|", StringComparison.Ordinal),
            "Position" => rowKey.StartsWith("tm|", StringComparison.Ordinal),
            _ => false,
        },
        OmitsUpdates = (table, rowKey) => table == "Conversations" && rowKey.StartsWith("th|", StringComparison.Ordinal),
    };

    /// <summary>A process of the earlier version whose calls no simulation schedules.</summary>
    public static TableConnection Connect(StrictTables tables) => tables.Connect("earlier", new TableHooks { Defect = Of() });
}
