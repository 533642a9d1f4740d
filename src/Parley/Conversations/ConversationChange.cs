using Azure.Data.Tables;
using Parley.Problems;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>Changes conversations other than by messages.</summary>
public sealed class ConversationChange(ParleyTables tables, ConversationReader reader, Edits edits)
{
    /// <summary>Makes a conversation what the client says.</summary>
    /// <param name="id">Which.</param>
    /// <param name="change">Makes it what it is to be.</param>
    /// <param name="expected">Whether a revision is one that the client expects; null when it expects none.</param>
    /// <param name="cancellation">Ends the change.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ConversationNotFound"/>, <see cref="ErrorCode.StaleRevision"/>, <see cref="ErrorCode.Busy"/>,
    /// <see cref="ErrorCode.StorageUnavailable"/> (not known whether it was stored).
    /// </exception>
    public Task<Conversation> ChangeAsync(
        ConversationRef id, Func<Conversation, Conversation> change, Func<int, bool>? expected, CancellationToken cancellation) => EditAsync(
        id,
        (head, _) =>
        {
            Revisions.Require(expected, head.Revision, "conversation");
            return Task.FromResult((change(head), new List<TableTransactionAction>()));
        },
        cancellation);

    /// <summary>
    /// Writes the head under its ETag, with whatever else the change is of.
    /// </summary>
    /// <param name="id">Which.</param>
    /// <param name="change">The head as it is to be, and further operations of the same transaction.</param>
    /// <param name="cancellation">Ends the change.</param>
    internal Task<Conversation> EditAsync(
        ConversationRef id,
        Func<Conversation, CancellationToken, Task<(Conversation Head, List<TableTransactionAction> Actions)>> change,
        CancellationToken cancellation) => edits.WriteAsync(
        tables.Conversations,
        id.Key.PartitionKey,
        token => reader.GetAsync(id, token),
        head => new EditMark(head.EditRevision, head.EditId, head.ETag),
        async (head, editId, token) =>
        {
            var (changed, actions) = await change(head, token);
            if (changed == head && actions.Count == 0)
            {
                return new Edit<Conversation>(head, []);
            }

            changed = changed with { Revision = head.Revision + 1, EditRevision = head.EditRevision + 1, EditId = editId };

            // Replace, not merge: what is cleared has no property any more.
            actions.Add(new(TableTransactionActionType.UpdateReplace, HeadRow.Create(changed), head.ETag));
            return new Edit<Conversation>(changed, actions);
        },
        cancellation);
}
