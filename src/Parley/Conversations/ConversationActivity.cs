using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>
/// Keeps the tenant's lists in step with the heads. The invariants: the head's activity minute always has its rows (one in the list of all,
/// one in its inbox's, one in its contact's), <c>c|C</c>'s last minute is never before it, and an unread conversation of an inbox has its
/// row <c>u|…</c>. So the rows come first, then the head, and the old rows go last.
/// </summary>
public sealed partial class ConversationActivity(ParleyTables tables, ILogger<ConversationActivity> logger)
{
    /// <summary>The most operations of one move: <c>c|C</c>, three lists, the unread row.</summary>
    private const int MaxRows = 5;

    /// <summary>
    /// Before a write that moves the head to a later minute, or makes a read conversation unread: the rows that find it there, in one
    /// transaction with the raised <c>c|C</c>. Nothing when the head stays where it is.
    /// </summary>
    /// <param name="conversation">As its head says.</param>
    /// <param name="minute">Of the write.</param>
    /// <param name="unread">Whether the write adds an unread message.</param>
    /// <param name="cancellation">Ends the write.</param>
    /// <returns>The conversation with the minute, the ETag and the unread revision that the head is to be written with.</returns>
    internal async Task<Conversation> PrepareAsync(Conversation conversation, long minute, bool unread, CancellationToken cancellation)
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

    /// <summary>
    /// Before writes that move the heads of several conversations of one tenant to a minute and add no unread message: their rows, in
    /// transactions that they share.
    /// </summary>
    /// <param name="conversations">As their heads say; each once.</param>
    /// <param name="minute">Of the writes.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>
    /// What the heads are to be written with, by conversation. One that shared its transaction with a failure is missing: it is for
    /// <see cref="PrepareAsync"/>.
    /// </returns>
    internal async Task<Dictionary<ConversationKey, Conversation>> PrepareAllAsync(
        IReadOnlyCollection<Conversation> conversations, long minute, CancellationToken cancellation)
    {
        var prepared = conversations.Where(conversation => conversation.ActivityMinute >= minute).ToDictionary(conversation => conversation.Key);
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
                    prepared.Add(chunk[i].Before.Key, chunk[i].After with { ListETag = responses[first].Headers.ETag!.Value });
                    first += actions[i].Count;
                }
            }
            catch (Exception e) when (StorageErrors.IsFailure(e, cancellation))
            {
                LogNotShared(logger, chunk.Length, e.Message);
            }
        }

        return prepared;
    }

    /// <summary>Whether one more unread message would put a conversation among its inbox's unread ones.</summary>
    internal static bool BecomesUnread(Conversation conversation, bool unread) => unread && conversation is { Unread: 0, Inbox: not null };

    /// <summary>
    /// After the head has moved to a later minute, the rows of the earlier one are of no more use. If this fails, lists skip them and
    /// drop them later.
    /// </summary>
    internal Task DropReplacedAsync(Conversation before, Conversation after, CancellationToken cancellation) =>
        DropReplacedAsync([(before, after)], cancellation);

    /// <summary>The same for several conversations of one tenant: a call for every hundred rows.</summary>
    internal async Task DropReplacedAsync(IReadOnlyCollection<(Conversation Before, Conversation After)> moves, CancellationToken cancellation)
    {
        var passed = moves.Where(move => move.Before.ActivityMinute < move.After.ActivityMinute).SelectMany(move => ListRows(move.Before)).ToList();
        if (passed.Count > 0)
        {
            await CleanAsync(passed[0].PartitionKey, () => tables.Tenants.DeleteAllAsync(passed, cancellation));
        }
    }

    /// <summary>
    /// After the head says that all is read, its rows among the unread are of no more use: that of this time and any that earlier
    /// crashes left. One call to find them, one to drop them; if this fails, the next reading drops them.
    /// </summary>
    /// <param name="read">As its head says.</param>
    /// <param name="raise">
    /// Raises the head's unread revision to that of a row whose head never came: whoever may still write that head fails then. Null leaves such
    /// a row to the next reading.
    /// </param>
    /// <param name="cancellation">Ends it.</param>
    internal Task DropUnreadAsync(Conversation read, Func<int, Task<Conversation>>? raise, CancellationToken cancellation) => CleanAsync(read.Key.PartitionKey, async () =>
    {
        if (read.Inbox is not { } inbox)
        {
            return;
        }

        var partition = read.Key.Tenant.PartitionKey;
        var prefix = ConversationRowKeys.Unread(inbox.Id, read.Key.Number);
        var filter = Filters.Between(partition, prefix, KeyParts.EndOf(prefix));
        var keys = await tables.Tenants.QueryAsync<TableEntity>(filter, select: ["RowKey"], cancellationToken: cancellation)
            .Select(row => row.RowKey).ToListAsync(cancellation);
        var last = keys.Count > 0 ? KeyParts.LastNumber(keys[^1]) : 0;
        var head = last > read.UnreadRevision && raise is not null ? await raise(last) : read;
        var valid = head.Unread > 0 ? head.UnreadRevision : head.UnreadRevision + 1;
        await tables.Tenants.DeleteAllAsync(keys.Where(key => KeyParts.LastNumber(key) < valid).Select(key => new TableEntity(partition, key)), cancellation);
    });

    /// <summary>The rows that find a conversation at its activity minute.</summary>
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

        TableEntity Row(string list) => new(key.Tenant.PartitionKey, ConversationRowKeys.Activity(list, minute, key.Number));
    }

    internal static TableEntity UnreadRow(Conversation conversation) =>
        new(conversation.Key.Tenant.PartitionKey, ConversationRowKeys.Unread(conversation.Inbox!.Id, conversation.Key.Number, conversation.UnreadRevision));

    private async Task<Conversation> MoveToAsync(Conversation before, Conversation after, CancellationToken cancellation)
    {
        try
        {
            return await WriteRowsAsync(before, after, before.ListETag, cancellation);
        }
        catch (RequestFailedException e) when (e.IsPreconditionFailed())
        {
            // A writer of another process was here since the head was read, or wrote the rows and then lost its append. Its minute may
            // be later than this one's (clocks differ); then the head goes there too, so that the last minute never goes back.
            var row = await ConversationIndexRow.FindAsync(tables, before.Key, cancellation)
                ?? throw new InvalidOperationException($"Conversation {before.Key.PartitionKey} has a head but no row in its tenant's list.", e);
            return await WriteRowsAsync(before, after with { ActivityMinute = Math.Max(after.ActivityMinute, row.LastMinute) }, row.ETag, cancellation);
        }
    }

    private async Task<Conversation> WriteRowsAsync(Conversation before, Conversation after, ETag listETag, CancellationToken cancellation)
    {
        var responses = await tables.Tenants.SubmitAsync(MoveOf(before, after, listETag), cancellation);
        return after with { ListETag = responses[0].Headers.ETag!.Value };
    }

    /// <summary>The operations of a move to a later minute, at most <see cref="MaxRows"/>; the first raises <c>c|C</c>.</summary>
    private static List<TableTransactionAction> MoveOf(Conversation before, Conversation after, ETag listETag)
    {
        var raised = new TableEntity(after.Key.Tenant.PartitionKey, ConversationRowKeys.Conversation(after.Key.Number)) { ["LastMinute"] = after.ActivityMinute };
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

    /// <summary>What it does is already stored when this begins, so its failure is nobody's.</summary>
    private async Task CleanAsync(string partition, Func<Task> clean)
    {
        try
        {
            await clean();
        }
        catch (Exception e) when (e is RequestFailedException or ParleyException || StorageErrors.IsOutcomeUnknown(e, CancellationToken.None))
        {
            LogRowsLeft(logger, e, partition);
        }
    }

    [LoggerMessage(1001, LogLevel.Warning, "Old list rows of {Partition} were left behind; lists skip them.")]
    private static partial void LogRowsLeft(ILogger logger, Exception exception, string partition);

    [LoggerMessage(1002, LogLevel.Debug, "List rows of {Count} conversations could not be written together, each is written alone: {Why}")]
    private static partial void LogNotShared(ILogger logger, int count, string why);
}
