using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>Which follow-ups; an empty list is every one.</summary>
/// <param name="Chats">Of these conversations, as the client named them.</param>
/// <param name="Messages">That became one of these messages.</param>
/// <param name="Triggers">That one of these messages triggered.</param>
/// <param name="Statuses">In one of these.</param>
public sealed record FollowUpFilter(
    IReadOnlyList<string> Chats,
    IReadOnlyList<string> Messages,
    IReadOnlyList<string> Triggers,
    IReadOnlyCollection<FollowUpStatus> Statuses);

/// <summary>
/// Lists a tenant's follow-ups, newest first. Where conversations are named, directly or by their messages, their own
/// rows are merged; else the tenant's lists by status are, and what is shown is checked against the follow-up itself.
/// </summary>
public sealed class FollowUpList(
    ParleyTables tables,
    ConversationReader conversations,
    FollowUpReader reader,
    TimeProvider time)
{
    /// <summary>How far pages go: so many follow-ups are passed over at most.</summary>
    public const int MaxReach = 10_000;

    /// <summary>Rows of a conversation that are read at once.</summary>
    private const int RowsAtOnce = 100;

    /// <summary>
    /// Newest first, then highest conversation, then highest number: as the keys of the lists by status sort.
    /// </summary>
    private static readonly IComparer<FollowUp> NewestFirst = Comparer<FollowUp>.Create((left, right) => OrderOf(right).CompareTo(OrderOf(left)));

    /// <summary>One page.</summary>
    /// <param name="tenant">The caller's.</param>
    /// <param name="filter">Which.</param>
    /// <param name="page">From 1.</param>
    /// <param name="size">
    /// At most so many; <paramref name="page"/> times this is at most <see cref="MaxReach"/>.
    /// </param>
    /// <param name="cancellation">Ends the reads.</param>
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
            : await OfConversationsAsync(tenant, filter, skipped, size, cancellation);
    }

    private async Task<IReadOnlyList<FollowUp>> OfConversationsAsync(
        TenantId tenant, FollowUpFilter filter, int skipped, int size, CancellationToken cancellation)
    {
        var (messages, triggers) = (Messages(filter.Messages), Messages(filter.Triggers));
        IEnumerable<ConversationRef> named =
            filter.Chats is not [] ? filter.Chats.Select(id => ConversationRef.TryParse(id, tenant, out var chat) ? chat : (ConversationRef?)null).OfType<ConversationRef>()
            : (filter.Messages is not [] ? messages : triggers).Select(message => new ConversationRef(message.Key.Conversation, null));
        var heads = await Workers.RunAsync([.. named.Distinct()], TableReads.Width, id => conversations.FindAsync(id, cancellation));
        var streams = heads.OfType<Conversation>().DistinctBy(head => head.Key)
            .Select(head => OfConversationAsync(head, filter, [.. messages, .. triggers], cancellation).Where(Matches)).ToList();
        return await SortedMerge.MergeAsync(streams, NewestFirst, cancellation).Skip(skipped).Take(size).ToListAsync(cancellation);

        List<MessageRef> Messages(IReadOnlyList<string> ids) =>
            [.. ids.Select(id => MessageRef.TryParse(id, tenant, out var message) ? message : (MessageRef?)null).OfType<MessageRef>()];

        bool Matches(FollowUp followUp) =>
            (filter.Statuses.Count == 0 || filter.Statuses.Contains(followUp.Status))
            && (filter.Messages is [] || (followUp.MessageId is { } message && Contains(messages, message)))
            && (filter.Triggers is [] || Contains(triggers, followUp.TriggerId));
    }

    private static bool Contains(List<MessageRef> named, Guid message) =>
        EntityId.TryFromGuid(message, EntityKind.Message, out var id)
        && named.Exists(one => one.Key == new MessageKey(id.Conversation, id.Sequence) && one.Matches(id.Check));

    /// <summary>
    /// Of a conversation's those that may match, newest first: numbers are dense, and no one was created before the one
    /// before it. Messages have rows that name theirs, and the head names the pending ones; else the latest <see
    /// cref="MaxReach"/> are looked through.
    /// </summary>
    private async IAsyncEnumerable<FollowUp> OfConversationAsync(
        Conversation head,
        FollowUpFilter filter,
        IEnumerable<MessageRef> messages,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        IEnumerable<int> numbers;
        if (filter is { Messages: not [] } or { Triggers: not [] })
        {
            var own = messages.Where(message => message.Key.Conversation == head.Key).Select(message => message.Key.Sequence).Distinct().Order();
            numbers = (await reader.LinksAsync(head.Key, [.. own], cancellation)).Select(link => link.FollowUp).Distinct();
        }
        else
        {
            numbers = filter.Statuses is { Count: 1 } statuses && statuses.Contains(FollowUpStatus.Pending)
                ? head.Pending.Select(pending => pending.Number)
                : Enumerable.Range(Math.Max(1, head.FollowUps - MaxReach + 1), Math.Min(head.FollowUps, MaxReach));
        }

        foreach (var chunk in numbers.OrderDescending().Chunk(RowsAtOnce))
        {
            foreach (var followUp in await ReadAsync(head.Key, chunk, cancellation))
            {
                yield return followUp;
            }
        }
    }

    /// <summary>By descending number: neighbours in one call, others fourteen a call.</summary>
    private async Task<IEnumerable<FollowUp>> ReadAsync(
        ConversationKey conversation,
        int[] numbers,
        CancellationToken cancellation)
    {
        if (numbers[0] - numbers[^1] == numbers.Length - 1)
        {
            var filter = Filters.Range(conversation.PartitionKey, FollowUpRowKeys.FollowUp(numbers[^1]), FollowUpRowKeys.FollowUp(numbers[0]));
            var rows = await tables.Conversations.QueryAsync<TableEntity>(filter, RowsAtOnce, cancellationToken: cancellation).ToListAsync(cancellation);
            return rows.Select(row => FollowUpRow.Read(row, conversation)).Reverse();
        }

        var found = await reader.FindAllAsync(conversation, numbers, cancellation);
        return numbers.Where(found.ContainsKey).Select(number => found[number]);
    }

    private async Task<IReadOnlyList<FollowUp>> OfTenantAsync(
        TenantId tenant,
        IReadOnlyCollection<FollowUpStatus> statuses,
        int skipped,
        int size,
        CancellationToken cancellation)
    {
        IReadOnlyCollection<FollowUpStatus> asked = statuses.Count == 0 ? Enum.GetValues<FollowUpStatus>() : statuses;
        var lists = asked.Distinct().Select(status => ListAsync(tenant, status, skipped + size + 1, cancellation)).ToList();
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
            shown.AddRange(found.OfType<FollowUp>().Where(followUp => asked.Contains(followUp.Status)));
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
        return tables.Tenants.QueryAsync<TableEntity>(filter, Math.Min(wanted, Filters.MaxPerCall), cancellationToken: cancellation)
            .Select(row => new ListedFollowUp(row));
    }

    /// <summary>
    /// While a follow-up moves it is in two lists, and a crash may leave it there: the row of its latest revision
    /// counts.
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
    /// The follow-up of a row; null when there is none. A row that does not match it, and is old enough, is dropped.
    /// </summary>
    private async Task<FollowUp?> FindAsync(TenantId tenant, ListedFollowUp listed, CancellationToken cancellation)
    {
        var followUp = await reader.FindAsync(new ConversationKey(tenant, listed.Conversation), listed.Number, cancellation);
        var row = listed.Row;
        if (followUp is null || row.RowKey != IndexedFollowUp.Of(followUp).ConversationIndexRow.RowKey)
        {
            await tables.Tenants.DropIfStaleAsync(row.PartitionKey, row.RowKey, row.ETag, row.Timestamp!.Value, time.GetUtcNow(), cancellation);
        }

        // While it moves its old row finds it too; but a creation that failed has left a row of another time, before
        // another one took its number.
        return followUp?.CreatedAt.ToUnixTimeMilliseconds() == listed.CreatedAt ? followUp : null;
    }

    private static (DateTimeOffset CreatedAt, int Conversation, int Number) OrderOf(FollowUp followUp) =>
        (followUp.CreatedAt, followUp.Conversation.Number, followUp.Number);

    /// <summary>A row of a list by status.</summary>
    private sealed class ListedFollowUp(TableEntity row)
    {
        private readonly (long CreatedAt, int Conversation, int Number, int Revision) key = FollowUpRowKeys.ReadFollowUpInList(row.RowKey);

        /// <summary>As the keys of one list sort; of one follow-up the earliest revision first.</summary>
        public static IComparer<ListedFollowUp> Order { get; } = Comparer<ListedFollowUp>.Create((left, right) =>
            (right.key.CreatedAt, right.Conversation, right.Number, left.Revision).CompareTo((left.key.CreatedAt, left.Conversation, left.Number, right.Revision)));

        public TableEntity Row => row;

        public long CreatedAt => key.CreatedAt;

        public int Conversation => key.Conversation;

        public int Number => key.Number;

        public int Revision => key.Revision;

        public bool IsSameAs(ListedFollowUp other) => (CreatedAt, Conversation, Number) == (other.CreatedAt, other.Conversation, other.Number);
    }
}
