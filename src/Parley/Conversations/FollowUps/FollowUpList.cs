using System.Runtime.CompilerServices;
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
/// Lists a tenant's follow-ups, newest first. A filter by conversations or messages merges the follow-up rows of those
/// conversations. Without one, the tenant's lists by status are merged, and each row is checked against its follow-up.
/// </summary>
public sealed class FollowUpList(
    ParleyTables tables,
    ConversationReader conversations,
    FollowUpReader reader,
    TimeProvider time)
{
    /// <summary>The most follow-ups that the pages of one list cover.</summary>
    public const int MaxReach = 10_000;

    /// <summary>The rows of a conversation read in one call.</summary>
    private const int RowsAtOnce = 100;

    /// <summary>
    /// Newest first, then highest conversation, then highest number: the key order of the lists by status.
    /// </summary>
    private static readonly IComparer<FollowUp> NewestFirst = Comparer<FollowUp>.Create(
        (left, right) => OrderOf(right).CompareTo(OrderOf(left)));

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
            : await OfConversationsAsync(tenant, filter, skipped, size, cancellation);
    }

    private async Task<IReadOnlyList<FollowUp>> OfConversationsAsync(
        TenantId tenant, FollowUpFilter filter, int skipped, int size, CancellationToken cancellation)
    {
        var (messages, triggers) = (Messages(filter.Messages), Messages(filter.Triggers));
        IEnumerable<EntityRef<ConversationKey>> named =
            filter.Chats is not []
                ? filter.Chats
                    .Select(id => EntityRef.TryParse<ConversationKey>(id, tenant, out var chat)
                        ? chat
                        : (EntityRef<ConversationKey>?)null)
                    .OfType<EntityRef<ConversationKey>>()
                : (filter.Messages is not [] ? messages : triggers)
                    .Select(message => new EntityRef<ConversationKey>(message.Key.Conversation, null));
        var heads = await Workers.RunAsync(
            [.. named.Distinct()], TableReads.Width, id => conversations.FindAsync(id, cancellation));
        var streams = heads.OfType<Conversation>().DistinctBy(head => head.Key)
            .Select(head => OfConversationAsync(head, filter, [.. messages, .. triggers], cancellation).Where(Matches))
            .ToList();
        return await SortedMerge.MergeAsync(streams, NewestFirst, cancellation)
            .Skip(skipped).Take(size).ToListAsync(cancellation);

        List<EntityRef<MessageKey>> Messages(IReadOnlyList<string> ids) =>
            [
                .. ids
                    .Select(id => EntityRef.TryParse<MessageKey>(id, tenant, out var message)
                        ? message
                        : (EntityRef<MessageKey>?)null)
                    .OfType<EntityRef<MessageKey>>(),
            ];

        bool Matches(FollowUp followUp) =>
            (filter.Statuses.Count == 0 || filter.Statuses.Contains(followUp.Status))
            && (filter.Messages is [] || (followUp.MessageId is { } message && Contains(messages, message)))
            && (filter.Triggers is [] || Contains(triggers, followUp.TriggerId));
    }

    private static bool Contains(List<EntityRef<MessageKey>> named, Guid message) =>
        EntityId.TryFromGuid(message, EntityKind.Message, out var id)
        && named.Exists(one => one.Key == new MessageKey(id.Conversation, id.Sequence) && one.Matches(id.Check));

    /// <summary>
    /// Returns the follow-ups of a conversation that may match, newest first: numbers have no gaps, and creation times
    /// never decrease with the number. Messages have rows with the numbers of their follow-ups, and the head contains
    /// the pending ones. Other filters scan the latest <see cref="MaxReach"/>.
    /// </summary>
    private async IAsyncEnumerable<FollowUp> OfConversationAsync(
        Conversation head,
        FollowUpFilter filter,
        IEnumerable<EntityRef<MessageKey>> messages,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        IEnumerable<int> numbers;
        if (filter is { Messages: not [] } or { Triggers: not [] })
        {
            var own = messages
                .Where(message => message.Key.Conversation == head.Key)
                .Select(message => message.Key.Sequence)
                .Distinct()
                .Order();
            numbers = (await reader.LinksAsync(head.Key, [.. own], cancellation))
                .Select(link => link.FollowUp)
                .Distinct();
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

    /// <summary>
    /// Reads by descending number: consecutive numbers with one call, others with one call for every fourteen.
    /// </summary>
    private async Task<IEnumerable<FollowUp>> ReadAsync(
        ConversationKey conversation,
        int[] numbers,
        CancellationToken cancellation)
    {
        if (numbers[0] - numbers[^1] == numbers.Length - 1)
        {
            var filter = Filters.Range(
                conversation.PartitionKey,
                FollowUpRowKeys.FollowUp(numbers[^1]),
                FollowUpRowKeys.FollowUp(numbers[0]));
            var rows = await tables.Conversations
                .QueryAsync<TableEntity>(filter, RowsAtOnce, cancellationToken: cancellation)
                .ToListAsync(cancellation);
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

    private static (DateTimeOffset CreatedAt, int Conversation, int Number) OrderOf(FollowUp followUp) =>
        (followUp.CreatedAt, followUp.Conversation.Number, followUp.Number);

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
