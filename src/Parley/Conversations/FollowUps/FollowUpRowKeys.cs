using System.Globalization;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>Follow-ups, their events, their index rows and their schedule rows.</summary>
internal static class FollowUpRowKeys
{
    /// <summary>Six digits of a follow-up's key: the most that a conversation ever has.</summary>
    public const int MaxFollowUp = 999_999;

    /// <summary>Four digits of the keys of a follow-up's events and index rows: how often one can be changed.</summary>
    public const int MaxFollowUpRevision = 9_999;

    /// <summary>A follow-up of a conversation.</summary>
    public static string FollowUp(int number) => string.Create(CultureInfo.InvariantCulture, $"f|{number:D6}");

    /// <summary>How the keys of a follow-up's transitions begin.</summary>
    public static string FollowUpEvents(int number) => string.Create(CultureInfo.InvariantCulture, $"fe|{number:D6}|");

    /// <summary>The transition that made a revision of a follow-up.</summary>
    public static string FollowUpEvent(int number, int revision) => string.Create(CultureInfo.InvariantCulture, $"{FollowUpEvents(number)}{revision:D4}");

    /// <summary>How the keys of the follow-ups begin that a message triggered or that became it.</summary>
    public static string MessageFollowUps(int sequence) => string.Create(CultureInfo.InvariantCulture, $"fm|{sequence:D10}|");

    /// <summary>A follow-up that a message triggered or that became it.</summary>
    public static string MessageFollowUp(int sequence, int number) => string.Create(CultureInfo.InvariantCulture, $"{MessageFollowUps(sequence)}{number:D6}");

    /// <summary>What a key of <see cref="MessageFollowUp"/> tells.</summary>
    public static (int Sequence, int Number) ReadMessageFollowUp(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (KeyParts.Number(parts[1]), KeyParts.Number(parts[2]));
    }

    /// <summary>How the keys of a tenant's follow-ups of one status begin.</summary>
    public static string FollowUpList(int status) => string.Create(CultureInfo.InvariantCulture, $"fs|{status}|");

    /// <summary>
    /// A follow-up in its tenant's list of one status: newest first, then highest conversation, then highest number.
    /// </summary>
    /// <param name="status">The status' number.</param>
    /// <param name="createdAt">Milliseconds since 1970 (UTC).</param>
    /// <param name="conversation">The conversation's number.</param>
    /// <param name="number">The follow-up's number.</param>
    /// <param name="revision">The follow-up's revision.</param>
    public static string FollowUpInList(
        int status,
        long createdAt,
        int conversation,
        int number,
        int revision) => string.Create(
        CultureInfo.InvariantCulture,
        $"{FollowUpList(status)}{KeyParts.MaxMillisecond - createdAt:D14}|{int.MaxValue - conversation:D10}|{MaxFollowUp - number:D6}|{revision:D4}");

    /// <summary>What a key of <see cref="FollowUpInList"/> tells.</summary>
    public static (long CreatedAt, int Conversation, int Number, int Revision) ReadFollowUpInList(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (
            KeyParts.MaxMillisecond - long.Parse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture),
            int.MaxValue - KeyParts.Number(parts[3]),
            MaxFollowUp - KeyParts.Number(parts[4]),
            KeyParts.Number(parts[5]));
    }

    /// <summary>How the keys of follow-ups in Due begin.</summary>
    public const string ScheduledFollowUps = "f|";

    /// <summary>In Due: a follow-up to be sent.</summary>
    /// <param name="conversation">The conversation.</param>
    /// <param name="second">Of the minute that the partition is for.</param>
    /// <param name="number">The follow-up's number.</param>
    /// <param name="revision">The revision that the row is for.</param>
    public static string ScheduledFollowUp(
        ConversationKey conversation,
        int second,
        int number,
        int revision) => string.Create(
        CultureInfo.InvariantCulture,
        $"f|{conversation.Tenant.Number:D8}|{second:D2}|{conversation.Number:D10}|{number:D6}|{revision:D4}");

    /// <summary>What a key of <see cref="ScheduledFollowUp"/> tells.</summary>
    public static (ConversationKey Conversation, int Second, int Number, int Revision) ReadScheduledFollowUp(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (new ConversationKey(new TenantId(KeyParts.Number(parts[1])), KeyParts.Number(parts[3])), KeyParts.Number(parts[2]), KeyParts.Number(parts[4]), KeyParts.Number(parts[5]));
    }
}
