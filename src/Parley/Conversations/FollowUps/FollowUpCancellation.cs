using Parley.Core;

namespace Parley.Conversations.FollowUps;

/// <summary>A customer's message or a hand-off cancels all pending follow-ups.</summary>
internal sealed class FollowUpCancellation(FollowUpIndex index) : IConversationPart
{
    public int MaxOperations => 3 * PendingFollowUp.Max;

    public void Add(ConversationPlan plan, ConversationEvent happened)
    {
        if (plan.Head!.Pending.Count > 0)
        {
            var reason = happened.Kind == ConversationEventKind.HandOff
                ? FollowUpReasons.HandedOff
                : FollowUpReasons.CustomerReplied;
            var count = plan.Head.Pending.Count;
            plan.WhenStored(() => Telemetry.FollowUpCancelled(reason, count));
            FollowUpMutation.CancelAll(plan.Head, reason, happened.Actor, happened.At).AddTo(plan, index);
        }
    }
}
