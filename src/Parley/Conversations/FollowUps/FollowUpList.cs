using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>Selects follow-ups. An empty list selects all.</summary>
/// <param name="Chats">Ids of conversations, as the client sent them.</param>
/// <param name="Messages">Ids of messages that follow-ups were sent as.</param>
/// <param name="Triggers">Ids of messages that triggered follow-ups.</param>
public sealed record FollowUpFilter(
    IReadOnlyList<string> Chats,
    IReadOnlyList<string> Messages,
    IReadOnlyList<string> Triggers,
    IReadOnlyCollection<FollowUpStatus> Statuses);

/// <summary>
/// Lists a tenant's follow-ups, newest first. With a filter by conversations or messages they are read from those
/// conversations. Without one, the tenant's lists by status are merged, and each row is checked against its follow-up.
/// </summary>
public sealed class FollowUpList(
    ParleyTables tables,
    FollowUpReader reader,
    FollowUpsOfChats ofChats,
    TimeProvider time)
{
    /// <summary>The most follow-ups that the pages of one list cover.</summary>
    public const int MaxReach = 10_000;

    /// <param name="page">From 1.</param>
    /// <param name="size">
    /// The most follow-ups of the page. The product with <paramref name="page"/> must not exceed
    /// <see cref="MaxReach"/>.
    /// </param>
    public async Task<IReadOnlyList<FollowUp>> ReadAsync(
        TenantId tenant,
        FollowUpFilter filter,
        int page,
        int size,
        CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)page * size, MaxReach);
        var skipped = (page - 1) * size;
        return filter is { Chats: [], Messages: [], Triggers: [] }
            ? await OfTenantAsync(tenant, filter.Statuses, skipped, size, cancellation)
            : await ofChats.ReadAsync(tenant, filter, skipped, size, cancellation);
    }

    private async Task<IReadOnlyList<FollowUp>> OfTenantAsync(
        TenantId tenant,
        IReadOnlyCollection<FollowUpStatus> statuses,
        int skipped,
        int size,
        CancellationToken cancellation)
    {
        IReadOnlyCollection<FollowUpStatus> wantedStatuses =
            statuses.Count == 0 ? Enum.GetValues<FollowUpStatus>() : statuses;
        var lists = wantedStatuses.Distinct()
            .Select(status => ListAsync(tenant, status, skipped + size + 1, cancellation))
            .ToList();
        var listed = OncePerFollowUp(SortedMerge.MergeAsync(lists, ListedFollowUp.Order, cancellation)).Skip(skipped);
        var shown = new List<FollowUp>(size);
        await using var rows = listed.GetAsyncEnumerator(cancellation);
        for (var more = true; more && shown.Count < size;)
        {
            var batch = new List<ListedFollowUp>(size);
            while (batch.Count < size - shown.Count && (more = await rows.MoveNextAsync()))
            {
                batch.Add(rows.Current);
            }

            var found = await Workers.RunAsync(batch, TableReads.Width, row => FindAsync(tenant, row, cancellation));
            shown.AddRange(found.OfType<FollowUp>().Where(followUp => wantedStatuses.Contains(followUp.Status)));
        }

        return shown;
    }

    private IAsyncEnumerable<ListedFollowUp> ListAsync(
        TenantId tenant,
        FollowUpStatus status,
        int wanted,
        CancellationToken cancellation)
    {
        var start = FollowUpRowKeys.FollowUpList((int)status);
        var filter = Filters.Between(tenant.PartitionKey, start, KeyParts.EndOf(start));
        return tables.Tenants
            .QueryAsync<TableEntity>(filter, Math.Min(wanted, Filters.MaxPerCall), cancellationToken: cancellation)
            .Select(row => new ListedFollowUp(row));
    }

    /// <summary>
    /// Keeps the row of the highest revision of each follow-up. During a transition a follow-up has rows in two lists,
    /// and after a crash they can stay.
    /// </summary>
    private static async IAsyncEnumerable<ListedFollowUp> OncePerFollowUp(IAsyncEnumerable<ListedFollowUp> rows)
    {
        ListedFollowUp? last = null;
        await foreach (var row in rows)
        {
            if (last is not null && !last.IsSameAs(row))
            {
                yield return last;
            }

            last = row;
        }

        if (last is not null)
        {
            yield return last;
        }
    }

    /// <summary>
    /// Returns the follow-up of a list row, or null. A row that does not match it is deleted once it is old enough.
    /// </summary>
    private async Task<FollowUp?> FindAsync(TenantId tenant, ListedFollowUp listed, CancellationToken cancellation)
    {
        var followUp = await reader.FindAsync(
            new ConversationKey(tenant, listed.Conversation), listed.Number, cancellation);
        var row = listed.Row;
        if (followUp is null || row.RowKey != IndexedFollowUp.Of(followUp).StatusListRow.RowKey)
        {
            await tables.Tenants.DropIfStaleAsync(
                row.PartitionKey, row.RowKey, row.ETag, row.Timestamp!.Value, time.GetUtcNow(), cancellation);
        }

        // During a transition the old row is valid too. But a row with another creation time belongs to a creation that
        // failed before another follow-up took its number.
        return followUp?.CreatedAt.ToUnixTimeMilliseconds() == listed.CreatedAt ? followUp : null;
    }

    private sealed class ListedFollowUp(TableEntity row)
    {
        private readonly (long CreatedAt, int Conversation, int Number, int Revision) key =
            FollowUpRowKeys.ReadFollowUpInList(row.RowKey);

        /// <summary>The key order of one list; for the same follow-up, the lowest revision first.</summary>
        public static IComparer<ListedFollowUp> Order { get; } = Comparer<ListedFollowUp>.Create((left, right) =>
            (right.key.CreatedAt, right.Conversation, right.Number, left.Revision).CompareTo(
                (left.key.CreatedAt, left.Conversation, left.Number, right.Revision)));

        public TableEntity Row => row;

        public long CreatedAt => key.CreatedAt;

        public int Conversation => key.Conversation;

        public int Number => key.Number;

        public int Revision => key.Revision;

        public bool IsSameAs(ListedFollowUp other) =>
            (CreatedAt, Conversation, Number) == (other.CreatedAt, other.Conversation, other.Number);
    }
}
