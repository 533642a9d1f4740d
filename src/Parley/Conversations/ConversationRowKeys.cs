using System.Globalization;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>A conversation, and its rows in the lists of its tenant.</summary>
internal static class ConversationRowKeys
{
    /// <summary>A conversation's head.</summary>
    public const string Head = "head";

    /// <summary>A conversation, in its tenant's list.</summary>
    public static string Conversation(int number) => string.Create(CultureInfo.InvariantCulture, $"c|{number:D10}");

    private const long MaxMinute = 9_999_999_999;

    /// <summary>How the keys of the tenant's list by activity begin.</summary>
    public const string ActivityList = "a|";

    /// <summary>How the keys of an inbox's list by activity begin.</summary>
    public static string InboxActivityList(Guid inbox) => $"ai|{inbox:N}|";

    /// <summary>How the keys of a contact's list by activity begin.</summary>
    public static string ContactActivityList(int contact) => string.Create(CultureInfo.InvariantCulture, $"ac|{contact:D10}|");

    /// <summary>A conversation in a list by activity: newest minute first, then highest number first.</summary>
    /// <param name="list">How the list's keys begin.</param>
    /// <param name="minute">Minutes since 1970 (UTC).</param>
    /// <param name="number">The conversation's number.</param>
    public static string Activity(string list, long minute, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{list}{MaxMinute - minute:D10}|{int.MaxValue - number:D10}");

    /// <summary>The minute and the conversation in a key of <see cref="Activity"/>.</summary>
    public static (long Minute, int Number) ReadActivity(string rowKey)
    {
        var numbers = rowKey.AsSpan(rowKey.Length - 21);
        return (
            MaxMinute - long.Parse(numbers[..10], NumberStyles.None, CultureInfo.InvariantCulture),
            int.MaxValue - KeyParts.Number(numbers[11..]));
    }

    /// <summary>How the keys of an inbox's unread conversations begin.</summary>
    public static string UnreadList(Guid inbox) => $"u|{inbox:N}|";

    /// <summary>How the keys of one unread conversation begin: there may be left-overs of earlier times beside the valid one.</summary>
    public static string Unread(Guid inbox, int number) => string.Create(CultureInfo.InvariantCulture, $"{UnreadList(inbox)}{number:D10}|");

    /// <summary>A conversation that has become unread.</summary>
    /// <param name="inbox">Its inbox.</param>
    /// <param name="number">Its number.</param>
    /// <param name="revision">How often it has become unread: so the row of one time can never be taken for that of another.</param>
    public static string Unread(Guid inbox, int number, int revision) =>
        string.Create(CultureInfo.InvariantCulture, $"{Unread(inbox, number)}{revision:D10}");

    /// <summary>The conversation's number in a key of <see cref="Unread(Guid, int, int)"/>.</summary>
    public static int ReadUnread(string rowKey) => KeyParts.Number(rowKey.Split('|')[2]);
}
