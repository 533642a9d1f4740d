using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations.FollowUps;

/// <summary>
/// A conversation's lists of ended follow-ups by status: rows <c>fc|status|inverse number</c> in its own partition. The
/// transition to a status writes its row, so none is missing. A follow-up that has left the status may still have its
/// row: readers compare it with the follow-up.
/// </summary>
/// <remarks>
/// A version before 0.3.0 writes no such rows. After it may have written, they are added once, when a list needs them.
/// The row <c>fc</c> then has the head's revision for which they are complete.
/// </remarks>
public sealed partial class FollowUpChatLists(ParleyTables tables, ILogger<FollowUpChatLists> logger)
{
    /// <summary>
    /// True when the lists are complete for a head, for its latest <see cref="FollowUpList.MaxReach"/> follow-ups. It
    /// makes no call for a conversation that only later versions have written. Else it makes one, and adds missing rows
    /// before it returns: a call for every thousand follow-ups, and one for every hundred that have ended.
    /// </summary>
    /// <returns>False when storage failed.</returns>
    internal async Task<bool> IsCompleteAsync(Conversation head, CancellationToken cancellation)
    {
        if (head.EarlierVersionsUpTo == 0 || head.FollowUps == 0)
        {
            return true;
        }

        var mark = await tables.Conversations.FindAsync(
            head.Key.PartitionKey, FollowUpRowKeys.ListedFollowUps, cancellation);
        if (mark?.GetInt32("ListedAt") >= head.EarlierVersionsUpTo)
        {
            return true;
        }

        try
        {
            await CompleteAsync(head, cancellation);
            return true;
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, cancellation))
        {
            // The caller reads the follow-ups themselves.
            LogIncomplete(logger, head.Id, e.GetType().Name);
            return false;
        }
    }

    /// <summary>Reads the rows of a status, highest number first.</summary>
    /// <param name="head">The conversation, with <see cref="IsCompleteAsync"/>.</param>
    /// <param name="status">Not pending.</param>
    /// <param name="wanted">The number of rows that the caller expects to take.</param>
    internal IAsyncEnumerable<ChatListRow> ReadAsync(
        Conversation head, FollowUpStatus status, int wanted, CancellationToken cancellation)
    {
        var filter = Filters.Range(
            head.Key.PartitionKey,
            FollowUpRowKeys.FollowUpsInChat((int)status),
            FollowUpRowKeys.FollowUpInChat((int)status, FirstOf(head)));
        return tables.Conversations
            .QueryAsync<TableEntity>(filter, Math.Min(wanted, Filters.MaxPerCall), cancellationToken: cancellation)
            .Select(row => new ChatListRow(head.Key, row));
    }

    /// <summary>The number of the first follow-up that lists of a conversation cover.</summary>
    internal static int FirstOf(Conversation head) => Math.Max(1, head.FollowUps - FollowUpList.MaxReach + 1);

    /// <summary>
    /// Writes the rows of all ended follow-ups, then the head's revision from before the scan: transitions of this
    /// version since have written their rows, and those of earlier versions raise the revision.
    /// </summary>
    private async Task CompleteAsync(Conversation head, CancellationToken cancellation)
    {
        var partition = head.Key.PartitionKey;
        var filter = Filters.Range(
            partition, FollowUpRowKeys.FollowUp(FirstOf(head)), FollowUpRowKeys.FollowUp(head.FollowUps));
        var rows = tables.Conversations
            .QueryAsync<TableEntity>(filter, select: ["RowKey", "Status", "CreatedAt"], cancellationToken: cancellation)
            .Where(row => row.GetInt32("Status") != (int)FollowUpStatus.Pending)
            .Select(row => RowOf(
                head.Key,
                (FollowUpStatus)row.GetInt32("Status")!.Value,
                KeyParts.LastNumber(row.RowKey),
                row.GetDateTimeOffset("CreatedAt")!.Value));
        await foreach (var chunk in rows.Chunk(Transactions.MaxOperations).WithCancellation(cancellation))
        {
            await tables.Conversations.UpsertAllAsync(chunk, cancellation);
        }

        var mark = new TableEntity(partition, FollowUpRowKeys.ListedFollowUps) { ["ListedAt"] = head.Revision };
        await tables.Conversations.UpsertEntityAsync(mark, TableUpdateMode.Replace, cancellation);
    }

    /// <summary>The row of an ended follow-up in its conversation's list.</summary>
    /// <param name="createdAt">The creation time, by which lists of several conversations are merged.</param>
    internal static TableEntity RowOf(
        ConversationKey conversation, FollowUpStatus status, int number, DateTimeOffset createdAt) =>
        new(conversation.PartitionKey, FollowUpRowKeys.FollowUpInChat((int)status, number))
        {
            ["CreatedAt"] = createdAt,
        };

    [LoggerMessage(1111, LogLevel.Warning, "The lists of follow-ups of conversation {Conversation} stay incomplete: {Why}")]
    private static partial void LogIncomplete(ILogger logger, Guid conversation, string why);
}
