using Parley.Core;
using Parley.Storage;
using Parley.Storage.ChangeLog;

namespace Parley.Conversations;

/// <summary>Edits conversations.</summary>
public sealed class ConversationChange(ConversationTransaction transaction, TimeProvider time)
{
    /// <summary>Edits a conversation. A hand-off cancels its pending follow-ups in the same transaction.</summary>
    /// <param name="actor">The name recorded in the events of cancelled follow-ups.</param>
    /// <param name="expected">Returns true for a revision that the client expects; null when it expects none.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.ConversationNotFound"/>, <see cref="ErrorCode.StaleRevision"/>,
    /// <see cref="ErrorCode.Busy"/>, <see cref="ErrorCode.StorageUnavailable"/> (it is not known whether the change was
    /// stored).
    /// </exception>
    public Task<Conversation> ChangeAsync(
        EntityRef<ConversationKey> id,
        Func<Conversation, Conversation> change,
        string actor,
        Func<int, bool>? expected,
        CancellationToken cancellation)
    {
        var now = time.NowInMilliseconds();
        return transaction.EditAsync(
            id,
            (head, plan, _) =>
            {
                Revisions.Require(expected, head.Revision, "conversation");
                plan.Next = change(head);
                if (plan.Next != head)
                {
                    var isHandedOff = plan.Next.HandedOffUntil > now && plan.Next.HandedOffUntil != head.HandedOffUntil;
                    plan.Log(isHandedOff ? ChangeType.ConversationHandedOff : ChangeType.ConversationUpdated);
                }

                if (plan.Next.HandedOffUntil > now)
                {
                    plan.Raise(new ConversationEvent(
                        ConversationEventKind.HandOff, actor, Timestamps.Latest(now, head.LastMessageAt)));
                }

                return Task.CompletedTask;
            },
            cancellation);
    }
}
