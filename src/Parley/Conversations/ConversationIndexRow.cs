using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>
/// The row <c>c|C</c>: a conversation in its tenant's list. Exports use the first and last minute to find the
/// conversations that overlap a time range. The last minute is written ahead, so that an active conversation changes
/// the row once an hour. It is never earlier than the head's activity minute.
/// </summary>
/// <param name="Until">The last minute that the row covers (minutes since 1970).</param>
internal sealed record ConversationIndexRow(
    string WriteId,
    long Check,
    int? Contact,
    DateTimeOffset CreatedAt,
    long FirstMinute,
    long Until,
    Azure.ETag ETag)
{
    /// <summary>
    /// The minutes that a write of the row covers beyond its own. They are counted from the write, not to the end of an
    /// hour, so that the writes of a tenant's conversations are spread over the hour.
    /// </summary>
    private const int MinutesAhead = 60;

    /// <param name="conversation">The new conversation.</param>
    /// <param name="address">The contact's address, which searches find.</param>
    public static TableEntity Create(Conversation conversation, string? address = null)
    {
        var row = new TableEntity(
            conversation.Key.Tenant.PartitionKey,
            ConversationRowKeys.Conversation(conversation.Key.Number))
        {
            ["WriteId"] = conversation.WriteId,
            ["Check"] = conversation.Check,
            ["CreatedAt"] = conversation.CreatedAt,
            ["FirstMinute"] = conversation.ActivityMinute,
        };
        SetUntil(row, conversation.ListedUntil);
        row.SetIfAny("Contact", conversation.Contact?.Number);
        row.SetIfAny("Name", conversation.Contact?.Name);
        row.SetIfAny("Address", address);
        row.SetIfAny("Channel", conversation.Inbox?.ChannelType);
        return row;
    }

    /// <summary>The last minute that a write of the row covers.</summary>
    /// <param name="minute">The minute of the write.</param>
    public static long UntilOf(long minute) => minute + MinutesAhead;

    /// <summary>The properties to merge into the row, so that it covers the conversation's activity.</summary>
    public static TableEntity Raised(ConversationKey key, long until)
    {
        var row = new TableEntity(key.Tenant.PartitionKey, ConversationRowKeys.Conversation(key.Number));
        SetUntil(row, until);
        return row;
    }

    /// <summary>Rows of conversations that may have messages in a range of minutes, both included.</summary>
    public static string Touched(long from, long until) =>
        TableClient.CreateQueryFilter($"FirstMinute le {until} and (LastMinute ge {from} or Until ge {from})");

    public static async Task<ConversationIndexRow?> FindAsync(
        ParleyTables tables,
        ConversationKey key,
        CancellationToken cancellation)
    {
        var row = await tables.Tenants.FindAsync(
            key.Tenant.PartitionKey, ConversationRowKeys.Conversation(key.Number), cancellation);
        return row is not null
            ? new ConversationIndexRow(
                row.GetString("WriteId"),
                row.GetInt64("Check")!.Value,
                row.GetInt32("Contact"),
                row.GetDateTimeOffset("CreatedAt")!.Value,
                row.GetInt64("FirstMinute")!.Value,
                Math.Max(row.GetInt64("LastMinute")!.Value, row.GetInt64("Until") ?? 0),
                row.ETag)
            : null;
    }

    /// <summary>
    /// Versions before 0.3.0 read <c>LastMinute</c> alone and write it as the minute of their own message, which may be
    /// earlier. They leave <c>Until</c>.
    /// </summary>
    private static void SetUntil(TableEntity row, long until) => (row["LastMinute"], row["Until"]) = (until, until);
}
