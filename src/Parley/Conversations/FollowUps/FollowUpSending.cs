using Parley.Conversations.Messages;
using Parley.Core;

namespace Parley.Conversations.FollowUps;

/// <summary>
/// The message that a due follow-up is sent as. The message is written only while the follow-up is pending at this
/// revision, and no earlier one of the conversation is pending.
/// </summary>
internal sealed class FollowUpSending(
    FollowUp due, FollowUpReader reader, FollowUpIndex index, TimeProvider time) : IMessagePart
{
    public int MaxOperations => 4;

    /// <summary>
    /// The follow-ups that stay pending when the last attempt is stored; null before the first attempt. The next one to
    /// be sent is found with it, which is only a hint.
    /// </summary>
    public IReadOnlyList<PendingFollowUp>? Remaining { get; private set; }

    public Message Shape(Message message) => message with { FollowUp = due.Number };

    /// <exception cref="ParleyException"><see cref="FollowUpMutation.Send"/>.</exception>
    /// <exception cref="EarlierFollowUpException"><see cref="FollowUpMutation.Send"/>.</exception>
    public async Task AddAsync(ConversationPlan plan, Message message, CancellationToken cancellation)
    {
        var head = plan.Head! with { Pending = await reader.PendingOfAsync(plan.Head!, cancellation) };
        var sent = FollowUpMutation.Send(head, due, message, time.GetUtcNow());
        sent.AddTo(plan, index);
        plan.WhenStored(() => Telemetry.FollowUpSent(message.CreatedAt - due.DueAt));
        Remaining = sent.Pending;
    }
}
