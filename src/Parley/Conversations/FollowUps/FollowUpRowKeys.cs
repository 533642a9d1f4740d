using System.Globalization;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>
/// Row keys of follow-ups, their events, their index rows and their schedule rows. Members with plural names and
/// <see cref="FollowUpList"/> are key prefixes.
/// </summary>
internal static class FollowUpRowKeys
{
    /// <summary>The most follow-ups of a conversation: their keys have six digits.</summary>
    public const int MaxFollowUp = 999_999;

    /// <summary>
    /// The highest revision of a follow-up: the keys of its events and index rows have four digits for it.
    /// </summary>
    public const int MaxFollowUpRevision = 9_999;

    public static string FollowUp(int number) => string.Create(CultureInfo.InvariantCulture, $"f|{number:D6}");

    public static string FollowUpEvents(int number) => string.Create(CultureInfo.InvariantCulture, $"fe|{number:D6}|");

    public static string FollowUpEvent(int number, int revision) =>
        string.Create(CultureInfo.InvariantCulture, $"{FollowUpEvents(number)}{revision:D4}");

    /// <summary>The follow-ups that a message triggered or that was sent as the message.</summary>
    public static string MessageFollowUps(int sequence) =>
        string.Create(CultureInfo.InvariantCulture, $"fm|{sequence:D10}|");

    public static string MessageFollowUp(int sequence, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{MessageFollowUps(sequence)}{number:D6}");

    public static (int Sequence, int Number) ReadMessageFollowUp(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (KeyParts.Number(parts[1]), KeyParts.Number(parts[2]));
    }

    /// <summary>The revision for which the rows of <see cref="FollowUpInChat"/> are complete.</summary>
    public const string ListedFollowUps = "fc";

    public static string FollowUpsInChat(int status) => string.Create(CultureInfo.InvariantCulture, $"fc|{status}|");

    /// <summary>An ended follow-up in its conversation's list of a status; sorts by highest number.</summary>
    public static string FollowUpInChat(int status, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{FollowUpsInChat(status)}{MaxFollowUp - number:D6}");

    public static (int Status, int Number) ReadFollowUpInChat(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (KeyParts.Number(parts[1]), MaxFollowUp - KeyParts.Number(parts[2]));
    }

    public static string FollowUpList(int status) => string.Create(CultureInfo.InvariantCulture, $"fs|{status}|");

    /// <summary>Sorts by newest follow-up, then by highest conversation, then by highest number.</summary>
    /// <param name="status">The number of the <see cref="FollowUpStatus"/>.</param>
    /// <param name="createdAt">Milliseconds since 1970 (UTC).</param>
    public static string FollowUpInList(
        int status,
        long createdAt,
        int conversation,
        int number,
        int revision) => string.Create(
        CultureInfo.InvariantCulture,
        $"{FollowUpList(status)}{KeyParts.MaxMillisecond - createdAt:D14}|"
            + $"{int.MaxValue - conversation:D10}|{MaxFollowUp - number:D6}|{revision:D4}");

    public static (long CreatedAt, int Conversation, int Number, int Revision) ReadFollowUpInList(string rowKey)
    {
        var parts = rowKey.Split('|');
        return (
            KeyParts.MaxMillisecond - long.Parse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture),
            int.MaxValue - KeyParts.Number(parts[3]),
            MaxFollowUp - KeyParts.Number(parts[4]),
            KeyParts.Number(parts[5]));
    }

    public const string ScheduledFollowUps = "f|";

    /// <param name="second">The second within the partition's minute.</param>
    /// <param name="revision">The revision that the row belongs to.</param>
    public static string ScheduledFollowUp(
        ConversationKey conversation,
        int second,
        int number,
        int revision) => string.Create(
        CultureInfo.InvariantCulture,
        $"f|{conversation.Tenant.Number:D8}|{second:D2}|{conversation.Number:D10}|{number:D6}|{revision:D4}");

    public static (ConversationKey Conversation, int Second, int Number, int Revision) ReadScheduledFollowUp(
        string rowKey)
    {
        var parts = rowKey.Split('|');
        return (
            new ConversationKey(new TenantId(KeyParts.Number(parts[1])), KeyParts.Number(parts[3])),
            KeyParts.Number(parts[2]),
            KeyParts.Number(parts[4]),
            KeyParts.Number(parts[5]));
    }

    /// <summary>The tenant of a key of <see cref="ScheduledFollowUp"/>; null for any other text.</summary>
    public static TenantId? FindTenant(string rowKey) =>
        rowKey.StartsWith(ScheduledFollowUps, StringComparison.Ordinal)
        && TenantId.TryParse(rowKey.Split('|')[1], out var tenant)
            ? tenant
            : null;
}
