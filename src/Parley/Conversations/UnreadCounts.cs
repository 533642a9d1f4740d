using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>Counts the unread conversations of inboxes by their rows <c>u|…</c>.</summary>
/// <remarks>
/// The rows are not checked against their heads, because that would cost a read each. A crash between the writes of a
/// row and its head makes the count one too high until the conversation gets its next message or is read. The count is
/// never too low.
/// </remarks>
public sealed class UnreadCounts(ParleyTables tables)
{
    /// <summary>The highest count: the storage service returns at most this many rows in one call.</summary>
    private const int Max = Filters.MaxPerCall;

    /// <summary>Returns the counts of the conversations' inboxes, with one concurrent call for each inbox.</summary>
    public Task<IReadOnlyDictionary<Guid, int>> ReadAsync(
        TenantId tenant,
        IEnumerable<Conversation> conversations,
        CancellationToken cancellation) =>
        ReadAsync(
            tenant,
            conversations
                .Where(conversation => conversation.Inbox is not null)
                .Select(conversation => conversation.Inbox!.Id)
                .Distinct(),
            cancellation);

    /// <summary>Returns the counts of inboxes, with one concurrent call for each.</summary>
    public async Task<IReadOnlyDictionary<Guid, int>> ReadAsync(
        TenantId tenant, IEnumerable<Guid> inboxes, CancellationToken cancellation)
    {
        var counts = await Task.WhenAll(
            inboxes.Select(async inbox => (inbox, Count: await CountAsync(tenant, inbox, cancellation))));
        return counts.ToDictionary(pair => pair.inbox, pair => pair.Count);
    }

    private async Task<int> CountAsync(TenantId tenant, Guid inbox, CancellationToken cancellation)
    {
        var (count, last) = (0, "");
        var list = ConversationRowKeys.UnreadList(inbox);
        var filter = Filters.Between(tenant.PartitionKey, list, KeyParts.EndOf(list));
        await foreach (var row in tables.Tenants.QueryAsync<TableEntity>(filter, Max, ["RowKey"], cancellation))
        {
            // Outdated rows of a conversation can exist beside its valid one, so each conversation counts once.
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
