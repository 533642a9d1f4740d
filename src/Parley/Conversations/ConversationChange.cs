using Azure.Data.Tables;
using Parley.Conversations.FollowUps;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>Changes conversations other than by messages.</summary>
public sealed class ConversationChange(ParleyTables tables, ConversationReader reader, FollowUpIndex followUps, OptimisticUpdate edits, TimeProvider time)
{
    /// <summary>Makes a conversation what the client says. A hand-off ends its pending follow-ups in the same transaction.</summary>
    /// <param name="id">Which.</param>
    /// <param name="change">Makes it what it is to be.</param>
    /// <param name="actor">Who changes it.</param>
    /// <param name="expected">Whether a revision is one that the client expects; null when it expects none.</param>
    /// <param name="cancellation">Ends the change.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ConversationNotFound"/>, <see cref="ErrorCode.StaleRevision"/>, <see cref="ErrorCode.Busy"/>,
    /// <see cref="ErrorCode.StorageUnavailable"/> (not known whether it was stored).
    /// </exception>
    public async Task<Conversation> ChangeAsync(
        EntityRef<ConversationKey> id, Func<Conversation, Conversation> change, string actor, Func<int, bool>? expected, CancellationToken cancellation)
    {
        FollowUpMutation? ended = null;
        var (now, pendingRows) = (time.NowInMilliseconds(), new PendingIndexRows(followUps));
        try
        {
            var conversation = await EditAsync(
                id,
                async (head, token) =>
                {
                    pendingRows.Begin();
                    Revisions.Require(expected, head.Revision, "conversation");
                    var changed = change(head);
                    ended = null;
                    if (!(changed.HandedOffUntil > now) || head.Pending.Count == 0)
                    {
                        return (changed, []);
                    }

                    ended = FollowUpMutation.EndAll(head, FollowUpReasons.HandedOff, actor, Timestamps.Latest(now, head.LastMessageAt));
                    await pendingRows.WriteAsync(ended.AddedIndexRows, token);
                    return (changed with { Pending = ended.Pending }, [.. ended.Actions]);
                },
                cancellation);
            pendingRows.IsStored = true;
            await (ended is null ? Task.CompletedTask : followUps.DropAsync(ended.RemovedIndexRows, cancellation));
            return conversation;
        }
        finally
        {
            await pendingRows.EndAsync();
        }
    }

    /// <summary>Writes the head under its ETag, with whatever else the change is of.</summary>
    /// <param name="id">Which.</param>
    /// <param name="change">The head as it is to be, and further operations of the same transaction.</param>
    /// <param name="cancellation">Ends the change.</param>
    internal Task<Conversation> EditAsync(
        EntityRef<ConversationKey> id,
        Func<Conversation, CancellationToken, Task<(Conversation Head, List<TableTransactionAction> Actions)>> change,
        CancellationToken cancellation) =>
        EditAsync(id, _ => Task.FromResult(true), (head, _, token) => change(head, token), cancellation);

    /// <summary>The same for a change of something else in the conversation, which is read too.</summary>
    /// <param name="id">Which.</param>
    /// <param name="readFirst">
    /// Reads it, before the head: so an earlier try of this change that lands meanwhile is seen by the head that it has written, and not
    /// taken for somebody else's change.
    /// </param>
    /// <param name="change">The head as it is to be, and further operations of the same transaction.</param>
    /// <param name="cancellation">Ends the change.</param>
    internal async Task<Conversation> EditAsync<T>(
        EntityRef<ConversationKey> id,
        Func<CancellationToken, Task<T>> readFirst,
        Func<Conversation, T, CancellationToken, Task<(Conversation Head, List<TableTransactionAction> Actions)>> change,
        CancellationToken cancellation)
    {
        var (edited, _) = await edits.WriteAsync(
            tables.Conversations,
            id.Key.PartitionKey,
            async token =>
            {
                var other = await readFirst(token);
                return (Head: await reader.GetAsync(id, token), Other: other);
            },
            state => new RowVersion(state.Head.EditRevision, state.Head.EditId, state.Head.ETag),
            async (state, editId, token) =>
            {
                var (head, other) = state;
                var (changed, actions) = await change(head, other, token);
                if (changed == head && actions.Count == 0)
                {
                    return new Edit<(Conversation, T)>(state, []);
                }

                changed = changed with { Revision = head.Revision + 1, EditRevision = head.EditRevision + 1, EditId = editId };

                // Replace, not merge: what is cleared has no property any more.
                actions.Add(new(TableTransactionActionType.UpdateReplace, ConversationRow.Create(changed), head.ETag));
                return new Edit<(Conversation, T)>((changed, other), actions);
            },
            cancellation);
        return edited;
    }
}
