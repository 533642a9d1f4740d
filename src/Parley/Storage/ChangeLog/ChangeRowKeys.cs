using System.Globalization;

namespace Parley.Storage.ChangeLog;

/// <summary>Row keys of the change log. All begin with the minute, so that a minute is a range of keys.</summary>
internal static class ChangeRowKeys
{
    /// <summary>Begins every key of the log, in every partition.</summary>
    public const string Changes = "l|";

    /// <summary>All keys of a minute begin with this.</summary>
    /// <param name="minute">Minutes since 1970 (UTC).</param>
    public static string ChangesOfMinute(long minute) => string.Create(CultureInfo.InvariantCulture, $"{Changes}{minute:D10}|");

    /// <summary>The changes of a conversation's transaction, in the conversation's partition.</summary>
    /// <param name="sequence">The conversation's revision after the transaction.</param>
    public static string ConversationChanges(long minute, int sequence) =>
        string.Create(CultureInfo.InvariantCulture, $"{ChangesOfMinute(minute)}{sequence:D10}");

    /// <summary>
    /// The conversation has changes in the minute: an index row, in one of the tenant's partitions of activity lists.
    /// </summary>
    /// <param name="number">The conversation's number.</param>
    public static string ChangedConversation(long minute, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{ChangesOfMinute(minute)}{number:D10}");

    /// <summary>The change of an object outside conversations, in the tenant's partition.</summary>
    /// <param name="kind">The kind of object: the type of change without its last digit.</param>
    public static string ObjectChange(long minute, int kind, int number, int revision) =>
        string.Create(CultureInfo.InvariantCulture, $"{ChangesOfMinute(minute)}{kind:D3}|{number:D10}|{revision:D10}");

    public static long ReadMinute(string rowKey) =>
        long.Parse(rowKey.AsSpan(Changes.Length, 10), NumberStyles.None, CultureInfo.InvariantCulture);
}
