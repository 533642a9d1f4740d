using Azure;
using Azure.Data.Tables;
using Parley.Core;
using Parley.Storage;
using Parley.Storage.ChangeLog;

namespace Parley.Conversations.Messages;

/// <summary>A conversation after its messages were marked as read.</summary>
/// <param name="Message">The last message that has been read; null when there is none.</param>
public sealed record ReadMark(Conversation Conversation, MessageKey? Message);

/// <summary>
/// Marks the customer's messages as read. A message gets its reading time in the transaction that moves the head's mark
/// past it. Therefore the unread count is always the number of the customer's messages after the mark that are not
/// deleted, and after a crash the next reading continues from the mark.
/// </summary>
public sealed class MessageReading(
    ParleyTables tables,
    ConversationReader reader,
    ConversationTransaction transaction,
    ConversationActivity activity,
    TimeProvider time)
{
    /// <summary>
    /// Marks all messages up to one as read. It makes one call for the head, three for every 98 messages, one to find
    /// unread rows and one to delete them.
    /// </summary>
    /// <param name="messageId">
    /// The last message that has been read, as the client sent it; null for the conversation's last message.
    /// </param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ConversationNotFound"/>, <see cref="ErrorCode.InvalidFields"/> for an unknown message,
    /// <see cref="ErrorCode.Busy"/>, <see cref="ErrorCode.StorageUnavailable"/> (it is not known whether the mark was
    /// stored).
    /// </exception>
    public async Task<ReadMark> ReadAsync(
        EntityRef<ConversationKey> id, string? messageId, CancellationToken cancellation)
    {
        var head = await reader.GetAsync(id, cancellation);
        var target = messageId is null ? head.Last : await FindAsync(head, messageId, cancellation);
        var readAt = time.NowInMilliseconds();
        while (head.ReadUpTo < target)
        {
            head = await transaction.EditAsync(
                id, (current, plan, token) => MarkAsync(current, target, readAt, plan, token), cancellation);
        }

        if (head.Unread == 0)
        {
            await activity.DropUnreadAsync(head, last => RaiseAsync(id, last, cancellation), cancellation);
        }

        return new ReadMark(head, head.ReadUpTo == 0 ? null : new MessageKey(head.Key, head.ReadUpTo));
    }

    private Task<Conversation> RaiseAsync(
        EntityRef<ConversationKey> id, int unreadRevision, CancellationToken cancellation) => transaction.EditAsync(
        id,
        (head, plan, _) =>
        {
            if (head.Unread == 0 && head.UnreadRevision < unreadRevision)
            {
                plan.Next = head with { UnreadRevision = unreadRevision };
            }

            return Task.CompletedTask;
        },
        cancellation);

    /// <summary>
    /// Marks at most the next 98 of the customer's messages, because the head and the row of the change log take two
    /// operations of the transaction.
    /// </summary>
    private async Task MarkAsync(
        Conversation head, int target, DateTimeOffset readAt, ConversationPlan plan, CancellationToken cancellation)
    {
        const int Chunk = Transactions.MaxOperations - 2;
        if (head.ReadUpTo >= target)
        {
            return;
        }

        var (upTo, unread, marked) = (target, head.Unread, 0);
        var range = Filters.Range(
            head.Key.PartitionKey, MessageRowKeys.Message(head.ReadUpTo + 1), MessageRowKeys.Message(target));
        var filter = Filters.And(range, TableClient.CreateQueryFilter($"Role eq {(int)MessageRole.Customer}"));
        await foreach (var row in tables.Conversations.QueryAsync<TableEntity>(
            filter, Chunk, ["RowKey", "DeletedBy"], cancellation))
        {
            // The deletion of a message has already lowered the count.
            unread -= row.GetString("DeletedBy") is null ? 1 : 0;
            var read = new TableEntity(head.Key.PartitionKey, row.RowKey) { ["ReadAt"] = readAt };
            plan.Add(new TableTransactionAction(TableTransactionActionType.UpdateMerge, read, ETag.All));
            if (++marked == Chunk)
            {
                upTo = KeyParts.LastNumber(row.RowKey);
                break;
            }
        }

        plan.Log(ChangeType.ConversationRead);
        plan.Next = head with { ReadUpTo = upTo, Unread = unread, LastReadAt = readAt };
    }

    private async Task<int> FindAsync(Conversation head, string messageId, CancellationToken cancellation) =>
        await MessageRow.FindAsync(tables, head.Key, messageId, cancellation) is { } message
            ? message.Key.Sequence
            : throw ParleyException.Field("messageId", "No such message in this conversation.");
}
