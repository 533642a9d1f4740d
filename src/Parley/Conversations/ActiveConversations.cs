using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>Selects conversations. Null and an empty list select all.</summary>
/// <param name="Contacts">Numbers of senders; null for all.</param>
/// <param name="Inboxes">UUIDs of inboxes; null for all.</param>
/// <param name="IsOfChannelType">Selects the channel type of an inbox, which is null without one.</param>
/// <param name="From">The first time of the last message. Without messages that of the creation counts.</param>
/// <param name="Until">The last time of the last message.</param>
public sealed record ActivityFilter(
    IReadOnlyCollection<int>? Contacts,
    IReadOnlyCollection<Guid>? Inboxes,
    Func<string?, bool>? IsOfChannelType,
    DateTimeOffset? From,
    DateTimeOffset? Until)
{
    internal bool Includes(Conversation conversation) =>
        (conversation.LastMessageAt ?? conversation.CreatedAt) is var at && !(at < From) && !(at > Until);
}

/// <summary>
/// Lists conversations by page number, in the order of <see cref="ConversationList"/>. The rows before a page are
/// counted off without reading their conversations, so that a page may repeat one that was active meanwhile.
/// </summary>
public sealed class ActiveConversations(ParleyTables tables, ConversationList list)
{
    /// <summary>The most conversations that the pages of one list cover.</summary>
    public const int MaxReach = 10_000;

    /// <summary>
    /// Filters for which there is no list look through so many rows: that of the channel type, and that of inboxes
    /// beside contacts.
    /// </summary>
    public const int MaxSearched = Filters.MaxPerCall;

    /// <summary>Rows whose conversation is not shown are replaced this often by further ones.</summary>
    private const int MaxBatches = 3;

    /// <summary>The length of the part of a row key that contains minute and number.</summary>
    private const int PositionLength = 21;

    private static readonly Comparer<TableEntity> ByActivity = Comparer<TableEntity>.Create((one, other) =>
        one.RowKey.AsSpan(one.RowKey.Length - PositionLength)
            .SequenceCompareTo(other.RowKey.AsSpan(other.RowKey.Length - PositionLength)));

    /// <summary>
    /// Reads a page: one concurrent call for each partition of each list, more for pages far behind, and one for each
    /// conversation.
    /// </summary>
    /// <param name="page">From 1. Its product with <paramref name="size"/> must not exceed MaxReach.</param>
    public async Task<IReadOnlyList<Conversation>> ReadAsync(
        TenantId tenant, ActivityFilter filter, int page, int size, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)page * size, MaxReach);
        var skipped = (page - 1) * size;
        var shown = new List<Conversation>(size);
        await using var rows = RowsAsync(tenant, filter, skipped + size + 1, cancellation)
            .Skip(skipped)
            .GetAsyncEnumerator(cancellation);
        var more = true;
        for (var batches = 0; more && shown.Count < size && batches < MaxBatches; batches++)
        {
            var batch = new List<TableEntity>(size);
            while (batch.Count < size - shown.Count && (more = await rows.MoveNextAsync()))
            {
                batch.Add(rows.Current);
            }

            var found = await Workers.RunAsync(
                batch, TableReads.Width, row => list.FindAsync(tenant, row, cancellation));
            shown.AddRange(found.OfType<Conversation>().Where(filter.Includes));
        }

        return [.. shown.DistinctBy(conversation => conversation.Key)];
    }

    private IAsyncEnumerable<TableEntity> RowsAsync(
        TenantId tenant, ActivityFilter filter, int count, CancellationToken cancellation)
    {
        // A search probably needs all of its rows: few large calls instead of many small ones.
        var isSearch = filter.IsOfChannelType is not null || filter is { Contacts: not null, Inboxes: not null };
        var wanted = isSearch ? MaxSearched : count;
        var lists = ListsOf(filter).Select(start =>
        {
            var after = filter.Until is { } until
                ? ConversationRowKeys.Activity(start, Math.Max(until.Minute(), 0), int.MaxValue)
                : start;
            var end = filter.From is { } from && from.Minute() > 0
                ? ConversationRowKeys.Activity(start, from.Minute() - 1, int.MaxValue)
                : KeyParts.EndOf(start);
            return ConversationListRows.ReadAsync(
                tables, tenant, partition => Filters.Between(partition, after, end), wanted, cancellation);
        });
        var rows = SortedMerge.MergeAsync([.. lists], ByActivity, cancellation);
        return isSearch ? rows.Take(MaxSearched).Where(Matches) : rows;

        bool Matches(TableEntity row) =>
            filter.IsOfChannelType?.Invoke(row.GetString("Channel")) is not false
            && (filter is not { Contacts: not null, Inboxes: { } inboxes }
                || (row.GetGuid("Inbox") is { } inbox && inboxes.Contains(inbox)));
    }

    private static IEnumerable<string> ListsOf(ActivityFilter filter) => filter switch
    {
        { Contacts: { } contacts } => contacts.Distinct().Select(ConversationRowKeys.ContactActivityList),
        { Inboxes: { } inboxes } => inboxes.Distinct().Select(ConversationRowKeys.InboxActivityList),
        _ => [ConversationRowKeys.ActivityList],
    };
}
