using Azure.Data.Tables;
using Parley.Conversations;
using Parley.Core;
using Parley.Storage;
using Parley.Storage.ChangeLog;

namespace Parley.Events;

/// <summary>
/// Reads the log of changes: of a tenant in settled minutes, or of a conversation at once.
/// </summary>
/// <remarks>
/// A writer takes the minute from the clock of storage, and <see cref="WriteBudget"/> ends its attempt within 25 seconds.
/// So <see cref="SettleTime"/> after its end a minute has all of its changes, and no position before that is passed by a
/// change that comes later.
/// </remarks>
public sealed class ChangeFeed(ParleyTables tables, StorageClock clock)
{
    /// <summary>The time after the end of a minute from which its changes are complete.</summary>
    public static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The most objects and conversations that a call looks through, so that a filter which nothing matches, or index
    /// rows of lost transactions, do not make it long.
    /// </summary>
    private const int MaxEntries = 1_000;

    private static readonly Comparer<Entry> InOrder =
        Comparer<Entry>.Create((left, right) => left.Position.CompareTo(right.Position));

    /// <summary>Tests set it, to show what it prevents.</summary>
    internal TimeSpan Settle { get; init; } = SettleTime;

    /// <summary>The position behind everything that a tenant's feed returns now.</summary>
    public async Task<FeedPosition> EndAsync(TenantId tenant, CancellationToken cancellation)
    {
        if (!clock.IsKnown)
        {
            // The answer tells the time of storage. Without it a fast clock would take a minute for settled.
            await tables.Tenants.FindAsync(tenant.PartitionKey, TenantRowKeys.Counter, cancellation);
        }

        return FeedPosition.EndOf((clock.Earliest - Settle).Minute() - 1);
    }

    /// <summary>
    /// Reads the next changes of a tenant: a call for each of eight partitions, and one for each conversation and
    /// minute with changes.
    /// </summary>
    /// <param name="after">The position behind which to begin.</param>
    /// <param name="limit">The most changes to return.</param>
    /// <param name="includes">True for the types to return.</param>
    public async Task<FeedPage> ReadAsync(
        TenantId tenant,
        FeedPosition after,
        int limit,
        Func<ChangeType, bool> includes,
        CancellationToken cancellation)
    {
        var (end, page, count) = (await EndAsync(tenant, cancellation), new Page(after, limit, includes), 0);
        if (after >= end)
        {
            return page.Take(after, isAtEnd: true);
        }

        await foreach (var entries in EntriesAsync(tenant, after, end, cancellation).Chunk(TableReads.Width)
            .WithCancellation(cancellation))
        {
            var changes = await Workers.RunAsync(
                entries, TableReads.Width, entry => ReadAsync(tenant, entry, after, limit, cancellation));
            foreach (var (entry, read) in entries.Zip(changes))
            {
                if (!page.Add(read.Changes))
                {
                    return page.Take();
                }

                if (read.HasMore || ++count == MaxEntries)
                {
                    return page.Take(read.HasMore ? read.Changes[^1].Position : entry.End);
                }
            }
        }

        return page.Take(end, isAtEnd: true);
    }

    /// <summary>
    /// Reads the next changes of a conversation, up to its last transaction: a call for each thousand transactions.
    /// </summary>
    public async Task<FeedPage> ReadAsync(
        ConversationKey conversation,
        FeedPosition after,
        int limit,
        Func<ChangeType, bool> includes,
        CancellationToken cancellation)
    {
        var page = new Page(after, limit, includes);
        var (last, count) = (after, 0);
        await foreach (var changes in RowsAsync(conversation, after, ChangeRowKeys.Changes + "~", cancellation))
        {
            if (!page.Add(changes))
            {
                return page.Take();
            }

            last = changes[^1].Position;
            if (++count == MaxEntries)
            {
                return page.Take(last);
            }
        }

        return page.Take(last, isAtEnd: true);
    }

    private IAsyncEnumerable<Entry> EntriesAsync(
        TenantId tenant, FeedPosition after, FeedPosition end, CancellationToken cancellation)
    {
        IEnumerable<IAsyncEnumerable<Entry>> sources =
        [
            EntriesAsync(tenant.PartitionKey, after.ObjectKey, end.ObjectKey, Entry.OfObject, cancellation),
            .. ConversationRowKeys.ActivityPartitions(tenant).Skip(1).Select(partition =>
                EntriesAsync(partition, after.IndexKey, end.IndexKey, Entry.OfConversation, cancellation)),
        ];
        return SortedMerge.MergeAsync([.. sources], InOrder, cancellation);
    }

    private IAsyncEnumerable<Entry> EntriesAsync(
        string partition, string first, string last, Func<TableEntity, Entry> read, CancellationToken cancellation) =>
        tables.Tenants.QueryAsync<TableEntity>(
            Filters.Range(partition, first, last), cancellationToken: cancellation).Select(read);

    private async Task<(IReadOnlyList<FeedChange> Changes, bool HasMore)> ReadAsync(
        TenantId tenant, Entry entry, FeedPosition after, int limit, CancellationToken cancellation)
    {
        if (!entry.Position.IsInConversation)
        {
            return ([Of(tenant, ChangeRow.ReadObject(entry.Row))], false);
        }

        var conversation = new ConversationKey(tenant, entry.Position.Number);
        var last = ChangeRowKeys.ChangesOfMinute(entry.Position.Minute) + "~";
        var rows = await RowsAsync(conversation, after > entry.Position ? after : entry.Position, last, cancellation)
            .Take(limit + 1).ToListAsync(cancellation);

        // The first row may be that of the position itself, so with one more there is a change behind it.
        return ([.. rows.SelectMany(row => row)], rows.Count > limit);
    }

    /// <summary>The changes of each transaction that may be behind a position.</summary>
    private IAsyncEnumerable<IReadOnlyList<FeedChange>> RowsAsync(
        ConversationKey conversation, FeedPosition after, string last, CancellationToken cancellation)
    {
        var first = ChangeRowKeys.ConversationChanges(after.Minute, after.IsInConversation ? after.Sequence : 0);
        return tables.Conversations
            .QueryAsync<TableEntity>(
                Filters.Range(conversation.PartitionKey, first, last), cancellationToken: cancellation)
            .Select(row => Of(conversation, ChangeRow.ReadConversation(row)));
    }

    private static IReadOnlyList<FeedChange> Of(ConversationKey conversation, ConversationChanges logged) =>
    [
        .. logged.Changes.Index().Select(one => new FeedChange(
            conversation.Tenant,
            new(logged.Minute, FeedPosition.Conversations, conversation.Number, logged.Sequence, one.Index),
            logged.At,
            logged.Conversation,
            logged.Actor,
            one.Item)),
    ];

    private static FeedChange Of(TenantId tenant, ObjectChange logged) => new(
        tenant,
        new(logged.Minute, (int)logged.Change.Type / 10, logged.Number, logged.Change.Revision, 0),
        logged.At,
        null,
        logged.Actor,
        logged.Change);

    /// <summary>A row of the tenant's partitions: an object's change, or an index row of a conversation.</summary>
    private readonly record struct Entry(FeedPosition Position, TableEntity Row)
    {
        /// <summary>Behind all changes of the row.</summary>
        public FeedPosition End => Position with { Sequence = int.MaxValue, Index = int.MaxValue };

        public static Entry OfObject(TableEntity row)
        {
            var logged = ChangeRow.ReadObject(row);
            return new(
                new(logged.Minute, (int)logged.Change.Type / 10, logged.Number, logged.Change.Revision, 0), row);
        }

        public static Entry OfConversation(TableEntity row) => new(
            new(ChangeRowKeys.ReadMinute(row.RowKey), FeedPosition.Conversations, KeyParts.LastNumber(row.RowKey), 0, 0),
            row);
    }

    /// <summary>Collects the changes behind a position until there are enough.</summary>
    private sealed class Page(FeedPosition after, int limit, Func<ChangeType, bool> includes)
    {
        private readonly List<FeedChange> changes = [];

        /// <returns>False when the page is full.</returns>
        public bool Add(IReadOnlyList<FeedChange> next)
        {
            changes.AddRange(next
                .Where(change => change.Position > after && includes(change.Change.Type))
                .Take(limit - changes.Count));
            return changes.Count < limit;
        }

        /// <summary>The full page.</summary>
        public FeedPage Take() => new(changes, changes[^1].Position, IsAtEnd: false);

        public FeedPage Take(FeedPosition next, bool isAtEnd = false) => new(changes, next, isAtEnd);
    }
}
