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
public sealed partial class ConversationActivity(ParleyTables tables, ILogger<ConversationActivity> logger)
{
    /// <summary>The most operations of one move: <c>c|C</c>, three list rows, the unread row.</summary>
    private const int MaxRows = 5;

    /// <summary>
    /// Runs before a write that moves the head to a later minute or makes a read conversation unread. It writes the new
    /// list rows and raises <c>c|C</c> in one transaction; if the write does neither, it writes nothing.
    /// </summary>
    /// <param name="conversation">The conversation, as its head was read.</param>
    /// <param name="minute">The minute of the write (minutes since 1970).</param>
    /// <param name="unread">True when the write adds an unread message.</param>
    /// <returns>The conversation with the minute, list ETag and unread revision to store in the head.</returns>
    internal async Task<Conversation> PrepareAsync(
        Conversation conversation,
        long minute,
        bool unread,
        CancellationToken cancellation)
    {
        var next = BecomesUnread(conversation, unread)
            ? conversation with { UnreadRevision = conversation.UnreadRevision + 1 }
            : conversation;
        if (minute > conversation.ActivityMinute)
        {
            return await MoveToAsync(conversation, next with { ActivityMinute = minute }, cancellation);
        }

        if (next != conversation)
        {
            await tables.Tenants.UpsertEntityAsync(UnreadRow(next), TableUpdateMode.Replace, cancellation);
        }

        return next;
    }

    /// <summary>The list rows of a transaction that appends a message; see <see cref="PrepareAsync"/>.</summary>
    internal IndexRowChange ChangeOf(ConversationPlan plan, long minute, bool unread)
    {
        var (head, prepared) = (plan.Head!, plan.Head!);
        return new IndexRowChange(async cancellation =>
        {
            prepared = await PrepareAsync(head, minute, unread, cancellation);
            plan.Next = plan.Next! with
            {
                ActivityMinute = prepared.ActivityMinute,
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
        var prepared = conversations
            .Where(conversation => conversation.ActivityMinute >= minute)
            .ToDictionary(conversation => conversation.Key);
        var moving = conversations.Where(conversation => conversation.ActivityMinute < minute)
            .Select(before => (Before: before, After: before with { ActivityMinute = minute }));
        foreach (var chunk in moving.Chunk(Transactions.MaxOperations / MaxRows))
        {
            try
            {
                var actions = chunk.Select(move => MoveOf(move.Before, move.After, move.Before.ListETag)).ToList();
                var responses = await tables.Tenants.SubmitAsync([.. actions.SelectMany(move => move)], cancellation);
                var first = 0;
                for (var i = 0; i < chunk.Length; i++)
                {
                    prepared.Add(
                        chunk[i].Before.Key,
                        chunk[i].After with { ListETag = responses[first].Headers.ETag!.Value });
                    first += actions[i].Count;
                }
            }
            catch (Exception e) when (StorageErrors.IsFailure(e, cancellation))
            {
                LogNotShared(logger, chunk.Length, PrivateException.Describe(e));
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

    /// <summary>As above, for several conversations of one tenant: one call for every hundred rows.</summary>
    internal async Task DropReplacedAsync(
        IReadOnlyCollection<(Conversation Before, Conversation After)> moves,
        CancellationToken cancellation)
    {
        var replaced = moves
            .Where(move => move.Before.ActivityMinute < move.After.ActivityMinute)
            .SelectMany(move => ListRows(move.Before))
            .ToList();
        if (replaced.Count > 0)
        {
            await CleanAsync(replaced[0].PartitionKey, () => tables.Tenants.DeleteAllAsync(replaced, cancellation));
        }
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

    internal static List<TableEntity> ListRows(Conversation conversation)
    {
        var (key, minute) = (conversation.Key, conversation.ActivityMinute);
        var rows = new List<TableEntity>(3) { Row(ConversationRowKeys.ActivityList) };
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

        TableEntity Row(string list) =>
            new(key.Tenant.PartitionKey, ConversationRowKeys.Activity(list, minute, key.Number));
    }

    internal static TableEntity UnreadRow(Conversation conversation) =>
        new(
            conversation.Key.Tenant.PartitionKey,
            ConversationRowKeys.Unread(conversation.Inbox!.Id, conversation.Key.Number, conversation.UnreadRevision));

    private async Task<Conversation> MoveToAsync(
        Conversation before,
        Conversation after,
        CancellationToken cancellation)
    {
        try
        {
            return await WriteRowsAsync(before, after, before.ListETag, cancellation);
        }
        catch (RequestFailedException e) when (e.IsPreconditionFailed())
        {
            // Since the head was read, another process wrote the list row, or wrote it and then lost its append. Its
            // minute may be later than this one (clocks differ). The head then takes that minute, so that the last
            // minute never goes back.
            var row = await ConversationIndexRow.FindAsync(tables, before.Key, cancellation)
                ?? throw new InvalidOperationException(
                    $"Conversation {before.Key.PartitionKey} has a head but no row in its tenant's list.", e);
            return await WriteRowsAsync(
                before,
                after with { ActivityMinute = Math.Max(after.ActivityMinute, row.LastMinute) },
                row.ETag,
                cancellation);
        }
    }

    private async Task<Conversation> WriteRowsAsync(
        Conversation before,
        Conversation after,
        ETag listETag,
        CancellationToken cancellation)
    {
        var responses = await tables.Tenants.SubmitAsync(MoveOf(before, after, listETag), cancellation);
        return after with { ListETag = responses[0].Headers.ETag!.Value };
    }

    /// <summary>
    /// Returns the operations of a move to a later minute, at most <see cref="MaxRows"/>. The first one raises
    /// <c>c|C</c>.
    /// </summary>
    private static List<TableTransactionAction> MoveOf(Conversation before, Conversation after, ETag listETag)
    {
        var raised = new TableEntity(
            after.Key.Tenant.PartitionKey,
            ConversationRowKeys.Conversation(after.Key.Number))
        {
            ["LastMinute"] = after.ActivityMinute,
        };
        var rows = ListRows(after);
        if (after.UnreadRevision > before.UnreadRevision)
        {
            rows.Add(UnreadRow(after));
        }

        return
        [
            new(TableTransactionActionType.UpdateMerge, raised, listETag),
            .. rows.Select(row => new TableTransactionAction(TableTransactionActionType.UpsertReplace, row)),
        ];
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
