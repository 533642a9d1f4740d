using Parley.Conversations.Messages;
using Parley.Core;

namespace Parley.Conversations.FollowUps;

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
