using Azure.Data.Tables;
using Parley.FollowUps;
using Parley.Problems;
using Parley.Storage;

namespace Parley.Conversations;

/// <summary>Changes conversations other than by messages.</summary>
public sealed class ConversationChange(ParleyTables tables, ConversationReader reader, FollowUpIndex followUps, Edits edits, TimeProvider time)
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
        ConversationRef id, Func<Conversation, Conversation> change, string actor, Func<int, bool>? expected, CancellationToken cancellation)
    {
        FollowUpEffect? ended = null;
        var now = time.NowInMilliseconds();
        var conversation = await EditAsync(
            id,
            async (head, token) =>
            {
                Revisions.Require(expected, head.Revision, "conversation");
                var changed = change(head);
                ended = null;
                if (!(changed.HandedOffUntil > now) || head.Pending.Count == 0)
                {
                    return (changed, []);
                }

                ended = FollowUpEffect.EndAll(head, FollowUpReasons.HandedOff, actor, now);
                await followUps.WriteAsync(ended.Coming, token);
                return (changed with { Pending = ended.Pending }, [.. ended.Actions]);
            },
            cancellation);
        await (ended is null ? Task.CompletedTask : followUps.DropAsync(ended.Gone, cancellation));
        return conversation;
    }

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
