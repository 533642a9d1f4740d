using System.Globalization;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;
using Parley.Storage.ChangeLog;

namespace Parley.Conversations;

/// <summary>
/// Row keys of a conversation and of its rows in the tenant's lists. Members whose names end in List are key prefixes.
/// </summary>
internal static class ConversationRowKeys
{
    public const string Head = "head";

    public static string Conversation(int number) => string.Create(CultureInfo.InvariantCulture, $"c|{number:D10}");

    private const long MaxMinute = 9_999_999_999;

    /// <summary>
    /// The number of partitions, beside the tenant's own, that the lists by activity are spread over. It never changes:
    /// readers of lists know the partitions by it.
    /// </summary>
    public const int ActivityPartitionCount = 7;

    /// <summary>The partition of Tenants with the conversation's rows in the lists by activity.</summary>
    public static string ActivityPartition(ConversationKey conversation) =>
        ActivityPartition(conversation.Tenant, 1 + conversation.Number % ActivityPartitionCount);

    /// <summary>
    /// All partitions with rows of the lists by activity. Versions before 0.3.0 write them into the tenant's own.
    /// </summary>
    public static IReadOnlyList<string> ActivityPartitions(TenantId tenant) =>
    [
        tenant.PartitionKey,
        .. Enumerable.Range(1, ActivityPartitionCount).Select(number => ActivityPartition(tenant, number)),
    ];

    private static string ActivityPartition(TenantId tenant, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{tenant.PartitionKey}|a{number}");

    /// <summary>The row by which readers of the change log find a conversation's changes of a minute.</summary>
    /// <param name="minute">Minutes since 1970 (UTC).</param>
    public static TableEntity LogIndexRow(ConversationKey conversation, long minute) =>
        new(ActivityPartition(conversation), ChangeRowKeys.ChangedConversation(minute, conversation.Number));

    public const string ActivityList = "a|";

    public static string InboxActivityList(Guid inbox) => $"ai|{inbox:N}|";

    public static string ContactActivityList(int contact) =>
        string.Create(CultureInfo.InvariantCulture, $"ac|{contact:D10}|");

    /// <summary>Sorts by newest minute, then by highest number.</summary>
    /// <param name="list">The key prefix of the list.</param>
    /// <param name="minute">Minutes since 1970 (UTC).</param>
    public static string Activity(string list, long minute, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{list}{MaxMinute - minute:D10}|{int.MaxValue - number:D10}");

    public static (long Minute, int Number) ReadActivity(string rowKey)
    {
        var numbers = rowKey.AsSpan(rowKey.Length - 21);
        return (
            MaxMinute - long.Parse(numbers[..10], NumberStyles.None, CultureInfo.InvariantCulture),
            int.MaxValue - KeyParts.Number(numbers[11..]));
    }

    /// <summary>The inboxes of the tenant's conversations.</summary>
    public const string InboxList = "ib|";

    public static string Inbox(Guid inbox) => $"{InboxList}{inbox:N}";

    public static Guid ReadInbox(string rowKey) => Guid.ParseExact(rowKey.AsSpan(InboxList.Length), "N");

    public static string UnreadList(Guid inbox) => $"u|{inbox:N}|";

    /// <summary>The key prefix of one conversation. Outdated rows can exist beside the valid one.</summary>
    public static string Unread(Guid inbox, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{UnreadList(inbox)}{number:D10}|");

    /// <param name="revision">
    /// The number of times that the conversation became unread. It makes every such row's key unique.
    /// </param>
    public static string Unread(Guid inbox, int number, int revision) =>
        string.Create(CultureInfo.InvariantCulture, $"{Unread(inbox, number)}{revision:D10}");

    public static int ReadUnread(string rowKey) => KeyParts.Number(rowKey.Split('|')[2]);
}
