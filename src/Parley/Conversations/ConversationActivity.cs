using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>
/// Keeps the tenant's lists consistent with the conversations' head rows. Invariants: a head's activity minute always
/// has its list rows (one in the list of all, one for the inbox, one for the contact), the last minute in <c>c|C</c> is
/// never earlier than it, and every unread conversation of an inbox has a row <c>u|…</c>. Therefore new rows are
/// written first, then the head, and old rows are deleted last.
/// </summary>
/// <remarks>
/// The list rows of a conversation are in one of seven partitions beside the tenant's own
/// (<see cref="ConversationRowKeys.ActivityPartition(ConversationKey)"/>), because they are most of a move's writes.
/// </remarks>
public sealed partial class ConversationActivity(
    ParleyTables tables, StorageClock clock, ILogger<ConversationActivity> logger)
{
    /// <summary>
    /// The most rows of a conversation in its list partition: in the lists of all, of its inbox, of its contact, and
    /// the index row of the change log.
    /// </summary>
    private const int MaxListRows = 4;

    private readonly ConversationCover cover = new(tables);

    /// <summary>
    /// Runs before a write that moves the head to a later minute or makes a read conversation unread. It writes the new
    /// list rows and, beside them, the tenant's rows of the conversation, if they change; if the write does neither, it
    /// writes nothing.
    /// </summary>
    /// <param name="conversation">The conversation, as its head was read.</param>
    /// <param name="minute">The minute of the write (minutes since 1970).</param>
    /// <param name="unread">True when the write adds an unread message.</param>
    /// <param name="logIndexRow">
    /// The index row of the change log that the write needs, which is written with the list rows; null for none.
    /// </param>
    /// <returns>
    /// The conversation with the minutes, list ETag and unread revision to store in the head.
    /// </returns>
    internal async Task<Conversation> PrepareAsync(
        Conversation conversation,
        long minute,
        bool unread,
        TableEntity? logIndexRow,
        CancellationToken cancellation)
    {
        var next = BecomesUnread(conversation, unread)
            ? conversation with { UnreadRevision = conversation.UnreadRevision + 1 }
            : conversation;
        var moves = minute > conversation.ActivityMinute;
        next = moves ? MovedTo(next, minute) : next;
        var covering = cover.WriteAsync(conversation, next, cancellation);
        await Task.WhenAll(covering, ListAsync(moves ? ListRows(next) : [], logIndexRow, cancellation));
        return await covering;
    }

    /// <summary>Writes the list rows of the conversation's activity minute, and an index row of the change log.</summary>
    internal Task ListAsync(
        Conversation conversation, TableEntity? logIndexRow, CancellationToken cancellation) =>
        ListAsync(ListRows(conversation), logIndexRow, cancellation);

    /// <summary>The list rows of a transaction that appends a message; see <see cref="PrepareAsync"/>.</summary>
    internal IndexRowChange ChangeOf(ConversationPlan plan, long minute, bool unread)
    {
        var (head, prepared, logIndexRow) = (plan.Head!, plan.Head!, plan.TakeLogIndexRow());
        return new IndexRowChange(async cancellation =>
        {
            prepared = await PrepareAsync(head, minute, unread, logIndexRow, cancellation);
            plan.Next = plan.Next! with
            {
                ActivityMinute = prepared.ActivityMinute,
                ListMinute = prepared.ListMinute,
                ListedUntil = prepared.ListedUntil,
                ListETag = prepared.ListETag,
                UnreadRevision = prepared.UnreadRevision,
            };
        })
        {
            DropReplaced = cancellation => DropReplacedAsync(head, prepared, cancellation),
        };
    }

    /// <summary>
    /// As <see cref="PrepareAsync"/>, for several different conversations of one tenant and for writes that add no
    /// unread message. The conversations share transactions.
    /// </summary>
    /// <returns>
    /// The conversations with the values to store in their heads. A conversation whose shared transaction failed is
    /// missing; the caller prepares it with <see cref="PrepareAsync"/>.
    /// </returns>
    internal async Task<Dictionary<ConversationKey, Conversation>> PrepareAllAsync(
        IReadOnlyCollection<Conversation> conversations, long minute, CancellationToken cancellation)
    {
        var logMinute = clock.Now.Minute();
        var prepared = conversations
            .Where(conversation => conversation.ActivityMinute >= minute && conversation.LogMinute >= logMinute)
            .ToDictionary(conversation => conversation.Key);
        var moving = conversations
            .Where(conversation => !prepared.ContainsKey(conversation.Key))
            .Select(conversation => (
                conversation.ActivityMinute < minute ? MovedTo(conversation, minute) : conversation) with
            {
                LogMinute = Math.Max(conversation.LogMinute, logMinute),
            })
            .ToList();
        var covering = Task.WhenAll(
            moving.Chunk(Transactions.MaxOperations).Select(chunk => CoverTogetherAsync(chunk, cancellation)));
        var listing = Task.WhenAll(moving
            .GroupBy(conversation => ConversationRowKeys.ActivityPartition(conversation.Key))
            .SelectMany(partition => partition.Chunk(Transactions.MaxOperations / MaxListRows))
            .Select(chunk => ListTogetherAsync(chunk, cancellation)));
        await Task.WhenAll(covering, listing);
        var listed = (await listing).SelectMany(keys => keys).ToHashSet();
        foreach (var conversation in (await covering).SelectMany(covered => covered))
        {
            if (listed.Contains(conversation.Key))
            {
                prepared.Add(conversation.Key, conversation);
            }
        }

        return prepared;
    }

    /// <summary>True when the write adds the first unread message to a conversation that has an inbox.</summary>
    internal static bool BecomesUnread(Conversation conversation, bool unread) =>
        unread && conversation is { Unread: 0, Inbox: not null };

    /// <summary>
    /// Deletes the list rows of the earlier minute after the head has moved to a later one. If this fails, lists skip
    /// the rows and delete them later.
    /// </summary>
    internal Task DropReplacedAsync(Conversation before, Conversation after, CancellationToken cancellation) =>
        DropReplacedAsync([(before, after)], cancellation);

    /// <summary>
    /// As above, for several conversations of one tenant: one call for every hundred rows of a partition.
    /// </summary>
    internal Task DropReplacedAsync(
        IReadOnlyCollection<(Conversation Before, Conversation After)> moves,
        CancellationToken cancellation)
    {
        var replaced = moves
            .Where(move => move.Before.ActivityMinute < move.After.ActivityMinute)
            .SelectMany(move => ListRows(move.Before))
            .GroupBy(row => row.PartitionKey);
        return Task.WhenAll(replaced.Select(rows =>
            CleanAsync(rows.Key, () => tables.Tenants.DeleteAllAsync(rows, cancellation))));
    }

    /// <summary>
    /// Deletes the unread rows of a conversation after its head was written as read: the current row and any that
    /// earlier crashes left. It costs one query and one transaction. If it fails, the next reading deletes the rows.
    /// </summary>
    /// <param name="read">The conversation, as its head was written.</param>
    /// <param name="raise">
    /// Raises the head's unread revision to that of an unread row without a stored head, so that a head write still in
    /// flight for that row fails. Null leaves such a row to the next reading.
    /// </param>
    internal Task DropUnreadAsync(
        Conversation read,
        Func<int, Task<Conversation>>? raise,
        CancellationToken cancellation) => CleanAsync(read.Key.PartitionKey, async () =>
    {
        if (read.Inbox is not { } inbox)
        {
            return;
        }

        var partition = read.Key.Tenant.PartitionKey;
        var prefix = ConversationRowKeys.Unread(inbox.Id, read.Key.Number);
        var filter = Filters.Between(partition, prefix, KeyParts.EndOf(prefix));
        var keys = await tables.Tenants
            .QueryAsync<TableEntity>(filter, select: ["RowKey"], cancellationToken: cancellation)
            .Select(row => row.RowKey).ToListAsync(cancellation);
        var last = keys.Count > 0 ? KeyParts.LastNumber(keys[^1]) : 0;
        var head = last > read.UnreadRevision && raise is not null ? await raise(last) : read;
        var valid = head.Unread > 0 ? head.UnreadRevision : head.UnreadRevision + 1;
        await tables.Tenants.DeleteAllAsync(
            keys.Where(key => KeyParts.LastNumber(key) < valid).Select(key => new TableEntity(partition, key)),
            cancellation);
    });

    /// <summary>The rows of the lists by activity, in the partition that the head says.</summary>
    internal static List<TableEntity> ListRows(Conversation conversation)
    {
        var (key, minute) = (conversation.Key, conversation.ActivityMinute);
        var partition = conversation.ListMinute == minute
            ? ConversationRowKeys.ActivityPartition(key)
            : key.Tenant.PartitionKey;
        var rows = new List<TableEntity>(MaxListRows) { Row(ConversationRowKeys.ActivityList) };
        if (conversation.Inbox is { } inbox)
        {
            rows.Add(Row(ConversationRowKeys.InboxActivityList(inbox.Id)));
        }

        if (conversation.Contact is { } contact)
        {
            var row = Row(ConversationRowKeys.ContactActivityList(contact.Number));
            row.SetIfAny("Inbox", conversation.Inbox?.Id);
            rows.Add(row);
        }

        return rows;

        TableEntity Row(string list)
        {
            var row = new TableEntity(partition, ConversationRowKeys.Activity(list, minute, key.Number));
            row.SetIfAny("Channel", conversation.Inbox?.ChannelType);
            return row;
        }
    }

    internal static TableEntity UnreadRow(Conversation conversation) =>
        new(
            conversation.Key.Tenant.PartitionKey,
            ConversationRowKeys.Unread(conversation.Inbox!.Id, conversation.Key.Number, conversation.UnreadRevision));

    private static Conversation MovedTo(Conversation conversation, long minute) =>
        conversation with { ActivityMinute = minute, ListMinute = minute };

    private Task ListAsync(List<TableEntity> rows, TableEntity? logIndexRow, CancellationToken cancellation)
    {
        rows.AddRange(logIndexRow is null ? [] : [logIndexRow]);
        return tables.Tenants.UpsertAllAsync(rows, cancellation);
    }

    /// <summary>Raises <c>c|C</c> of those conversations that need it.</summary>
    /// <returns>The conversations that are covered: those that need nothing, and all if the call succeeds.</returns>
    private async Task<IEnumerable<Conversation>> CoverTogetherAsync(
        Conversation[] moved, CancellationToken cancellation)
    {
        var raised = moved.Where(conversation => !ConversationCover.Covers(conversation)).ToList();
        var responses = await TrySubmitAsync(raised.Select(ConversationCover.Raising), raised.Count, cancellation);
        return moved.Where(ConversationCover.Covers).Concat(raised.Zip(responses, ConversationCover.Raised));
    }

    /// <returns>The keys of all conversations, or none if the call failed.</returns>
    private async Task<IEnumerable<ConversationKey>> ListTogetherAsync(
        Conversation[] moved, CancellationToken cancellation)
    {
        var rows = moved
            .SelectMany(one => ListRows(one).Append(ConversationRowKeys.LogIndexRow(one.Key, one.LogMinute)))
            .Select(row => new TableTransactionAction(TableTransactionActionType.UpsertReplace, row));
        var responses = await TrySubmitAsync(rows, moved.Length, cancellation);
        return responses.Count > 0 ? moved.Select(conversation => conversation.Key) : [];
    }

    /// <returns>The responses; none if the call failed, or without a call for no actions.</returns>
    private async Task<IReadOnlyList<Response>> TrySubmitAsync(
        IEnumerable<TableTransactionAction> actions, int conversations, CancellationToken cancellation)
    {
        try
        {
            return conversations > 0 ? await tables.Tenants.SubmitAsync([.. actions], cancellation) : [];
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, cancellation))
        {
            LogNotShared(logger, conversations, PrivateException.Describe(e));
            return [];
        }
    }

    /// <summary>Best-effort clean-up after the commit: failures are logged, not returned.</summary>
    private async Task CleanAsync(string partition, Func<Task> clean)
    {
        try
        {
            await clean();
        }
        catch (Exception e) when (
            e is RequestFailedException or ParleyException
            || StorageErrors.IsOutcomeUnknown(e, CancellationToken.None))
        {
            LogRowsLeft(logger, PrivateException.Of(e), partition);
        }
    }

    [LoggerMessage(1001, LogLevel.Warning, "Old list rows of {Partition} were left behind; lists skip them.")]
    private static partial void LogRowsLeft(ILogger logger, Exception exception, string partition);

    [LoggerMessage(
        1002,
        LogLevel.Debug,
        "List rows of {Count} conversations could not be written together, each is written alone: {Why}")]
    private static partial void LogNotShared(ILogger logger, int count, string why);
}
