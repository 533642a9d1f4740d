using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>A follow-up at one revision, with the values in the keys of its index rows.</summary>
/// <param name="Revision">The revision that the rows belong to. No two writes share one.</param>
/// <param name="CreatedAt">Milliseconds since 1970.</param>
/// <param name="DueAt">
/// Null when the revision is not pending, or its schedule row stays for the sender to delete.
/// </param>
internal sealed record IndexedFollowUp(
    ConversationKey Conversation,
    int Number,
    int Revision,
    FollowUpStatus Status,
    long CreatedAt,
    DateTimeOffset? DueAt)
{
    public static IndexedFollowUp Of(FollowUp followUp) => new(
        followUp.Conversation,
        followUp.Number,
        followUp.Revision,
        followUp.Status,
        followUp.CreatedAt.ToUnixTimeMilliseconds(),
        followUp.Status == FollowUpStatus.Pending ? followUp.DueAt : null);

    /// <summary>A pending follow-up of a head that contains its due time.</summary>
    public static IndexedFollowUp Of(ConversationKey conversation, PendingFollowUp pending) => new(
        conversation,
        pending.Number,
        pending.Revision,
        FollowUpStatus.Pending,
        pending.CreatedAt,
        DateTimeOffset.FromUnixTimeMilliseconds(pending.DueAt!.Value));

    /// <summary>The row in the conversation's list of this status. Pending follow-ups have none.</summary>
    public TableEntity ChatListRow => FollowUpChatLists.RowOf(
        Conversation, Status, Number, DateTimeOffset.FromUnixTimeMilliseconds(CreatedAt));

    /// <summary>The row in the tenant's list of this status.</summary>
    public TableEntity StatusListRow => new(
        Conversation.Tenant.PartitionKey,
        FollowUpRowKeys.FollowUpInList((int)Status, CreatedAt, Conversation.Number, Number, Revision));

    public bool HasSameScheduleRow(IndexedFollowUp other) => other.DueAt is not null && Scheduled == other.Scheduled;

    /// <summary>Requires <see cref="DueAt"/>.</summary>
    public ScheduledItem Scheduled => new(
        Conversation.Tenant,
        DueAt!.Value,
        FollowUpRowKeys.ScheduledFollowUp(Conversation, DueAt.Value.UtcDateTime.Second, Number, Revision));
}

/// <summary>
/// The index rows of follow-ups: <c>fs|…</c> in the tenant's lists by status, and the schedule rows <c>f|…</c>. The
/// rows of a new revision are written before its transition, and those of the previous revision deleted after it. Their
/// keys contain the revision, so that a late delete removes only its own rows.
/// </summary>
public sealed partial class FollowUpIndex(
    ParleyTables tables,
    Schedule schedule,
    FollowUpReader reader,
    ILogger<FollowUpIndex> logger)
{
    /// <summary>The index rows of a transaction that makes revisions and replaces others.</summary>
    internal IndexRowChange ChangeOf(
        IReadOnlyCollection<IndexedFollowUp> added, IReadOnlyCollection<IndexedFollowUp> removed) =>
        new(cancellation => WriteAsync(added, cancellation))
        {
            DropReplaced = cancellation => DropAsync(removed, cancellation),
            DropLost = () => DropLostAsync(added),
        };

    /// <summary>
    /// Writes rows before transitions: one call for a tenant's lists and one for each minute of the schedule.
    /// </summary>
    internal Task WriteAsync(
        IReadOnlyCollection<IndexedFollowUp> added,
        CancellationToken cancellation) => Task.WhenAll(
        tables.Tenants.UpsertAllAsync(added.Select(one => one.StatusListRow), cancellation),
        schedule.WriteAllAsync(added.Where(one => one.DueAt is not null).Select(one => one.Scheduled), cancellation));

    /// <summary>
    /// Deletes the rows of the previous revisions after transitions. The transitions are committed, so failures are
    /// logged, not returned. Lists and the sender delete rows that are left when they next read them.
    /// </summary>
    internal Task DropAsync(
        IReadOnlyCollection<IndexedFollowUp> removed,
        CancellationToken cancellation) => CleanAsync(() => Task.WhenAll(
        tables.Tenants.DeleteAllAsync(removed.Select(one => one.StatusListRow), cancellation),
        schedule.DeleteAllAsync(
            removed.Where(one => one.DueAt is not null).Select(one => one.Scheduled), cancellation)));

    /// <summary>
    /// Keeps the conversation's lists by status in a transition. The head has the list of the pending ones. The row of
    /// a status that the follow-up has left is deleted afterwards, unless it has returned: that writes the row again.
    /// </summary>
    internal void AddChatList(ConversationPlan plan, FollowUp before, FollowUp after)
    {
        if (after.Status != FollowUpStatus.Pending)
        {
            plan.Add(new TableTransactionAction(
                TableTransactionActionType.UpsertReplace, IndexedFollowUp.Of(after).ChatListRow));
        }
        else if (before.Status != FollowUpStatus.Pending)
        {
            plan.Add(new IndexRowChange(_ => Task.CompletedTask)
            {
                DropReplaced = cancellation => CleanAsync(() => DropChatListedAsync(before, cancellation)),
            });
        }
    }

    private async Task DropChatListedAsync(FollowUp left, CancellationToken cancellation)
    {
        // The row is read first. A later transition to the status writes it again, so its ETag does not match any more.
        var row = IndexedFollowUp.Of(left).ChatListRow;
        if (await tables.Conversations.FindAsync(row.PartitionKey, row.RowKey, cancellation) is { } found
            && (await reader.FindAsync(left.Conversation, left.Number, cancellation))?.Status != left.Status)
        {
            await tables.Conversations.DropAsync(row.PartitionKey, row.RowKey, found.ETag, cancellation);
        }
    }

    /// <summary>
    /// Deletes rows of conversations' lists whose follow-ups, as read after the rows, have another status.
    /// </summary>
    internal Task DropChatListedAsync(IReadOnlyList<TableEntity> outdated, CancellationToken cancellation) =>
        CleanAsync(() => Workers.RunAsync(outdated, TableReads.Width, row =>
            tables.Conversations.DropAsync(row.PartitionKey, row.RowKey, row.ETag, cancellation)));

    /// <summary>Deletes only the list rows, after follow-ups were sent.</summary>
    internal Task DropListedAsync(IReadOnlyCollection<FollowUp> removed, CancellationToken cancellation) =>
        CleanAsync(() => tables.Tenants.DeleteAllAsync(
            removed.Select(one => IndexedFollowUp.Of(one).StatusListRow), cancellation));

    /// <summary>Deletes schedule rows whose follow-ups are no longer pending at the rows' revisions.</summary>
    internal Task DropScheduleAsync(IReadOnlyCollection<ScheduledFollowUp> ended, CancellationToken cancellation) =>
        CleanAsync(() => schedule.DeleteAllAsync(ended.Select(one => one.Row), cancellation));

    /// <summary>
    /// Deletes index rows of transitions that lost a race: another transition took their revision, so they never become
    /// valid. Otherwise they would shift the pages of lists until they are old enough for the lists to delete them.
    /// </summary>
    internal Task DropLostAsync(IReadOnlyCollection<IndexedFollowUp> written) => CleanAsync(async () =>
    {
        foreach (var conversation in written.GroupBy(one => one.Conversation))
        {
            // Not cancelled: otherwise the rows of a client that disconnects would stay.
            var found = await reader.FindAllAsync(
                conversation.Key, conversation.Select(one => one.Number).Distinct(), CancellationToken.None);
            var replaced = conversation
                .Select(one => (
                    Written: one,
                    Own: found.TryGetValue(one.Number, out var followUp) && followUp.Revision >= one.Revision
                        ? IndexedFollowUp.Of(followUp)
                        : null))
                .Where(one => one.Own is not null).ToList();
            await tables.Tenants.DeleteAllAsync(
                replaced
                    .Where(one => one.Written.StatusListRow.RowKey != one.Own!.StatusListRow.RowKey)
                    .Select(one => one.Written.StatusListRow)
                    .DistinctBy(row => row.RowKey),
                CancellationToken.None);
            await schedule.DeleteAllAsync(
                replaced
                    .Where(one => one.Written.DueAt is not null && !one.Written.HasSameScheduleRow(one.Own!))
                    .Select(one => one.Written.Scheduled)
                    .Distinct(),
                CancellationToken.None);
        }
    });

    private async Task CleanAsync(Func<Task> clean)
    {
        try
        {
            await clean();
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            LogRowsLeft(logger, PrivateException.Of(e));
        }
    }

    [LoggerMessage(
        1101,
        LogLevel.Warning,
        "Old index rows of follow-ups were left behind; the next reader drops them.")]
    private static partial void LogRowsLeft(ILogger logger, Exception exception);
}
