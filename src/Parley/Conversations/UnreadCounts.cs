using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>Counts the unread conversations of inboxes, by their rows <c>u|…</c>.</summary>
/// <remarks>
/// The rows are not checked against their heads, which would cost a read each. A crash between a row and its head leaves one too many,
/// until the conversation gets its next message or is read; never one too few.
/// </remarks>
public sealed class UnreadCounts(ParleyTables tables)
{
    /// <summary>Counted up to here: one call of the storage service answers with so many rows.</summary>
    private const int Max = Filters.MaxPerCall;

    /// <summary>The counts of these conversations' inboxes: one call each, at once.</summary>
    public async Task<IReadOnlyDictionary<Guid, int>> ReadAsync(TenantId tenant, IEnumerable<Conversation> conversations, CancellationToken cancellation)
    {
        var inboxes = conversations.Where(conversation => conversation.Inbox is not null).Select(conversation => conversation.Inbox!.Id).Distinct();
        var counts = await Task.WhenAll(inboxes.Select(async inbox => (inbox, Count: await CountAsync(tenant, inbox, cancellation))));
        return counts.ToDictionary(pair => pair.inbox, pair => pair.Count);
    }

    private async Task<int> CountAsync(TenantId tenant, Guid inbox, CancellationToken cancellation)
    {
        var (count, last) = (0, "");
        var list = ConversationRowKeys.UnreadList(inbox);
        var filter = Filters.Between(tenant.PartitionKey, list, KeyParts.EndOf(list));
        await foreach (var row in tables.Tenants.QueryAsync<TableEntity>(filter, Max, ["RowKey"], cancellation))
        {
            // Left-overs of a conversation's earlier times stand beside its valid row.
            var conversation = row.RowKey[..row.RowKey.LastIndexOf('|')];
            count += conversation == last ? 0 : 1;
            last = conversation;
            if (count == Max)
            {
                break;
            }
        }

        return count;
    }
}
