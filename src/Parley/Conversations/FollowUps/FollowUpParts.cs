using Azure;
using Azure.Data.Tables;
using Parley.Conversations.Messages;
using Parley.Core;

namespace Parley.Conversations.FollowUps;

/// <summary>A customer's message or a hand-off cancels all pending follow-ups.</summary>
internal sealed class FollowUpCancellation(FollowUpIndex index) : IConversationPart
{
    public int MaxOperations => 2 * PendingFollowUp.Max;

    public void Add(ConversationPlan plan, ConversationEvent happened)
    {
        if (plan.Head!.Pending.Count > 0)
        {
            var reason = happened.Kind == ConversationEventKind.HandOff
                ? FollowUpReasons.HandedOff
                : FollowUpReasons.CustomerReplied;
            FollowUpMutation.CancelAll(plan.Head, reason, happened.Actor, happened.At).AddTo(plan, index);
        }
    }
}

/// <summary>
/// The message that a due follow-up is sent as. The message is written only while the follow-up is pending at this
/// revision.
/// </summary>
internal sealed class FollowUpSending(FollowUp due, FollowUpIndex index, TimeProvider time) : IMessagePart
{
    public int MaxOperations => 3;

    public Message Shape(Message message) => message with { FollowUp = due.Number };

    /// <exception cref="ParleyException"><see cref="FollowUpMutation.Send"/>.</exception>
    public Task AddAsync(ConversationPlan plan, Message message, CancellationToken cancellation)
    {
        FollowUpMutation.Send(plan.Head!, due, message, time.GetUtcNow()).AddTo(plan, index);
        return Task.CompletedTask;
    }
}

/// <summary>
/// The deletion of a message also removes the text of the follow-up that was sent as the message.
/// </summary>
internal sealed class FollowUpTextDeletion : IMessageDeletionPart
{
    public int MaxOperations => 1;

    public Task AddAsync(ConversationPlan plan, Message message, CancellationToken cancellation)
    {
        if (message.FollowUp is { } followUp)
        {
            // A sent follow-up never changes, so no other writer competes.
            var row = new TableEntity(message.Key.Conversation.PartitionKey, FollowUpRowKeys.FollowUp(followUp))
            {
                ["Text"] = "",
            };
            plan.Add(new TableTransactionAction(TableTransactionActionType.UpdateMerge, row, ETag.All));
        }

        return Task.CompletedTask;
    }
}
