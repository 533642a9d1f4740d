using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>
/// The row <c>c|C</c>: a conversation in its tenant's list. Exports use the first and last minute to find the
/// conversations that overlap a time range. The last minute is never earlier than the head's activity minute.
/// </summary>
internal sealed record ConversationIndexRow(
    string WriteId,
    long Check,
    int? Contact,
    DateTimeOffset CreatedAt,
    long FirstMinute,
    long LastMinute,
    Azure.ETag ETag)
{
    public static TableEntity Create(Conversation conversation)
    {
        var row = new TableEntity(
            conversation.Key.Tenant.PartitionKey,
            ConversationRowKeys.Conversation(conversation.Key.Number))
        {
            ["WriteId"] = conversation.WriteId,
            ["Check"] = conversation.Check,
            ["CreatedAt"] = conversation.CreatedAt,
            ["FirstMinute"] = conversation.ActivityMinute,
            ["LastMinute"] = conversation.ActivityMinute,
        };
        row.SetIfAny("Contact", conversation.Contact?.Number);
        return row;
    }

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
                row.GetInt64("LastMinute")!.Value,
                row.ETag)
            : null;
    }
}
