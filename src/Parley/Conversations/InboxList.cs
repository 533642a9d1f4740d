using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>
/// The inboxes of a tenant's conversations. The creation of a conversation writes the row of its inbox in its own
/// transaction. Conversations of versions before 0.3.0 have written none, so their inboxes appear with their next
/// conversation.
/// </summary>
public sealed class InboxList(ParleyTables tables)
{
    /// <summary>The most inboxes that are listed: one call returns at most this many rows.</summary>
    public const int Max = Filters.MaxPerCall;

    internal static TableEntity Row(TenantId tenant, Inbox inbox) =>
        new(tenant.PartitionKey, ConversationRowKeys.Inbox(inbox.Id))
        {
            ["Name"] = inbox.Name,
            ["ChannelType"] = inbox.ChannelType,
        };

    /// <summary>Reads the first <see cref="Max"/> inboxes, in the order of their ids, with one call.</summary>
    public async Task<IReadOnlyList<Inbox>> ReadAsync(TenantId tenant, CancellationToken cancellation)
    {
        var filter = Filters.Between(
            tenant.PartitionKey, ConversationRowKeys.InboxList, KeyParts.EndOf(ConversationRowKeys.InboxList));
        return await tables.Tenants.QueryAsync<TableEntity>(filter, Max, cancellationToken: cancellation)
            .Take(Max)
            .Select(row => new Inbox(
                ConversationRowKeys.ReadInbox(row.RowKey), row.GetString("Name"), row.GetString("ChannelType")))
            .ToListAsync(cancellation);
    }
}
