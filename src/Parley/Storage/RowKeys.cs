using System.Globalization;

namespace Parley.Storage;

/// <summary>
/// Every RowKey and shared PartitionKey, as pure functions. Numbers are zero-padded so that keys sort as their numbers do;
/// "newest first" lists use the inverse of a number. '|' separates parts: it is allowed in keys, unlike / \ # and ?.
/// </summary>
public static class RowKeys
{
    private const long MaxMinute = 9_999_999_999;

    /// <summary>A conversation's head.</summary>
    public const string Head = "head";

    /// <summary>A tenant's settings.</summary>
    public const string Profile = "profile";

    /// <summary>A tenant's counters; in the partition of administration, the counter of tenants.</summary>
    public const string Counter = "counter";

    /// <summary>The partition of Tenants that belongs to no tenant: the counter of tenants and their list. No tenant has the number 0.</summary>
    public const string AdministrationPartition = "00000000";

    /// <summary>A message of a conversation.</summary>
    public static string Message(int sequence) => string.Create(CultureInfo.InvariantCulture, $"m|{sequence:D10}");

    /// <summary>The number in a message's key.</summary>
    public static int MessageSequence(string rowKey) => int.Parse(rowKey.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture);

    /// <summary>A client's idempotency key, in the partition that its effect is in.</summary>
    /// <param name="hash">Of the key as sent: clients may send characters that keys must not have.</param>
    public static string IdempotencyKey(string hash) => "k|" + hash;

    /// <summary>A conversation, in its tenant's list.</summary>
    public static string Conversation(int number) => string.Create(CultureInfo.InvariantCulture, $"c|{number:D10}");

    /// <summary>A conversation in the tenant's list by activity: newest minute first, then highest number first.</summary>
    /// <param name="minute">Minutes since 1970 (UTC).</param>
    /// <param name="number">The conversation's number.</param>
    public static string Activity(long minute, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"a|{MaxMinute - minute:D10}|{int.MaxValue - number:D10}");

    /// <summary>An inbox of a tenant.</summary>
    public static string Inbox(Guid inbox) => "i|" + inbox.ToString("N", CultureInfo.InvariantCulture);

    /// <summary>A tenant, in the list of administration.</summary>
    public static string Tenant(TenantId tenant) => "t|" + tenant.PartitionKey;

    /// <summary>A partition of the table Due: the minute at which the sweep should look.</summary>
    public static string DuePartition(DateTimeOffset minute) => minute.UtcDateTime.ToString("yyyyMMddHHmm", CultureInfo.InvariantCulture);

    /// <summary>In Due: idempotency keys of one conversation (or, with 0, of the tenant itself) to drop.</summary>
    public static string DueIdempotencyKeys(TenantId tenant, int conversation) =>
        string.Create(CultureInfo.InvariantCulture, $"k|{tenant.Number:D8}|{conversation:D10}");

    /// <summary>In the table Keys: API keys are spread over 256 partitions by the first byte of their hash.</summary>
    public static string ApiKeyPartition(string hash) => hash[..2];
}
