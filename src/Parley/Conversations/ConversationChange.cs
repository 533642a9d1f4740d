using Azure.Data.Tables;
using Parley.Conversations.FollowUps;
using Parley.Core;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>Edits conversations. Messages are appended by <see cref="Messages.MessageAppend"/>.</summary>
public sealed class ConversationChange(
    ParleyTables tables,
    ConversationReader reader,
    FollowUpIndex followUps,
    OptimisticUpdate edits,
    TimeProvider time)
{
    /// <summary>Edits a conversation. A hand-off cancels its pending follow-ups in the same transaction.</summary>
    /// <param name="actor">The name recorded in the events of cancelled follow-ups.</param>
    /// <param name="expected">Returns true for a revision that the client expects; null when it expects none.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ConversationNotFound"/>, <see cref="ErrorCode.StaleRevision"/>,
    /// <see cref="ErrorCode.Busy"/>, <see cref="ErrorCode.StorageUnavailable"/> (it is not known whether the change was
    /// stored).
    /// </exception>
    public async Task<Conversation> ChangeAsync(
        EntityRef<ConversationKey> id,
        Func<Conversation, Conversation> change,
        string actor,
        Func<int, bool>? expected,
        CancellationToken cancellation)
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

                    ended = FollowUpMutation.CancelAll(
                        head, FollowUpReasons.HandedOff, actor, Timestamps.Latest(now, head.LastMessageAt));
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

    /// <summary>Writes the head under its ETag, together with the change's further operations.</summary>
    internal Task<Conversation> EditAsync(
        EntityRef<ConversationKey> id,
        Func<Conversation, CancellationToken, Task<(Conversation Head, List<TableTransactionAction> Actions)>> change,
        CancellationToken cancellation) =>
        EditAsync(id, _ => Task.FromResult(true), (head, _, token) => change(head, token), cancellation);

    /// <summary>As above, for a change that also reads another row of the conversation.</summary>
    /// <param name="readFirst">
    /// Reads the other row before the head. If an earlier attempt of this change lands between the two reads, the head
    /// contains its edit id, and the change is not mistaken for another writer's.
    /// </param>
    internal async Task<Conversation> EditAsync<T>(
        EntityRef<ConversationKey> id,
        Func<CancellationToken, Task<T>> readFirst,
        Func<
            Conversation,
            T,
            CancellationToken,
            Task<(Conversation Head, List<TableTransactionAction> Actions)>> change,
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

                changed = changed with
                {
                    Revision = head.Revision + 1,
                    EditRevision = head.EditRevision + 1,
                    EditId = editId,
                };

                // Replace, not merge: a cleared value must lose its property.
                actions.Add(new(TableTransactionActionType.UpdateReplace, ConversationRow.Create(changed), head.ETag));
                return new Edit<(Conversation, T)>((changed, other), actions);
            },
            cancellation);
        return edited;
    }
}
