using Parley.Conversations.FollowUps;
using Parley.Core;

namespace Parley.Functions.Api.Zaia;

/// <summary>A follow-up, in the format of Zaia.</summary>
public sealed record FollowUpResponse(
    Guid Id,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    Guid ChatId,
    Guid? ChatMessageId,
    DateTimeOffset DueDate,
    DateTimeOffset? FinishedAt,
    string Message,
    string? Reason,
    string Status,
    Guid TriggerChatMessageId)
{
    public static FollowUpResponse Of(FollowUp followUp) => new(
        followUp.Id,
        followUp.CreatedAt,
        followUp.UpdatedAt,
        followUp.ConversationId,
        followUp.MessageId,
        followUp.DueAt,
        followUp.FinishedAt,
        followUp.Text,
        followUp.Reason,
        EnumNames.Of(followUp.Status),
        followUp.TriggerId);
}

/// <summary>A status transition of a follow-up.</summary>
public sealed record FollowUpEventResponse(
    DateTimeOffset At,
    string? From,
    string To,
    string? Reason,
    string Actor,
    string? Detail)
{
    public static FollowUpEventResponse Of(FollowUpEvent transition) => new(
        transition.At,
        transition.From is { } from ? EnumNames.Of(from) : null,
        EnumNames.Of(transition.To),
        transition.Reason,
        transition.Actor,
        transition.Detail);
}
