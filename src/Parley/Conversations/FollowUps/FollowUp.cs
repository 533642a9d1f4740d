using Azure;
using Parley.Core;

namespace Parley.Conversations.FollowUps;

/// <summary>
/// The status of a follow-up. Rows store the numbers, so they must not change. The names are part of the API.
/// </summary>
public enum FollowUpStatus
{
    /// <summary>To be sent at its time.</summary>
    Pending = 1,

    /// <summary>Sent as a message.</summary>
    Sent = 2,

    /// <summary>It could not be sent, or a client changed it to failed.</summary>
    Failed = 3,

    Cancelled = 4,
}

/// <summary>The reasons that Parley itself records for follow-ups that are not sent.</summary>
public static class FollowUpReasons
{
    /// <summary>The customer wrote a message.</summary>
    public const string CustomerReplied = "customer_replied";

    /// <summary>The conversation was handed off to a human.</summary>
    public const string HandedOff = "handed_off";

    /// <summary>A client cancelled it without a reason.</summary>
    public const string CancelledByClient = "cancelled_by_client";

    /// <summary>The last attempt to write the message failed.</summary>
    public const string DeliveryFailed = "delivery_failed";
}

/// <summary>A message to be sent at its time, unless the customer writes before.</summary>
public sealed record FollowUp
{
    public required ConversationKey Conversation { get; init; }

    /// <summary>The random part of the conversation's UUID.</summary>
    public required long ConversationCheck { get; init; }

    /// <summary>The follow-up's number in the conversation, from 1.</summary>
    public required int Number { get; init; }

    /// <summary>The random part of the UUID.</summary>
    public required long Check { get; init; }

    /// <summary>Raised by every change; the HTTP ETag, and part of the keys of the index rows.</summary>
    public required int Revision { get; init; }

    public required FollowUpStatus Status { get; init; }

    public required DateTimeOffset DueAt { get; init; }

    public required string Text { get; init; }

    /// <summary>The reason of the present status.</summary>
    public string? Reason { get; init; }

    /// <summary>Never earlier than the creation of the conversation's previous follow-up.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The time of the last change; without one, the creation time.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The time of its end, as Parley or a client recorded it; null exactly while it is pending.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>
    /// The UUID of the message that triggered it: the conversation's last message when it was created, or the one that
    /// a client named later.
    /// </summary>
    public required Guid TriggerId { get; init; }

    /// <summary>
    /// The first <see cref="TriggerId"/>, for repeated creations; null while that is still the first one.
    /// </summary>
    public Guid? FirstTriggerId { get; init; }

    /// <summary>The UUID of the message that it was sent as, or that a client recorded as such.</summary>
    public Guid? MessageId { get; init; }

    /// <summary>The failed attempts to send it since it last became pending.</summary>
    public int Attempts { get; init; }

    /// <summary>The time of the next attempt, after a failed one. Nothing sends it earlier.</summary>
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>The trace context of its creation (<see cref="Telemetry.Context"/>); null without one.</summary>
    internal string? Trace { get; init; }

    internal ETag ETag { get; init; }

    /// <summary>The part that the conversation's head stores while the follow-up is pending.</summary>
    internal PendingFollowUp AsPending => new(
        Number, Revision, CreatedAt.ToUnixTimeMilliseconds(), DueAt.ToUnixTimeMilliseconds(), Check);

    public Guid Id => new EntityId(EntityKind.FollowUp, Conversation, Number, Check).ToGuid();

    public Guid ConversationId => new EntityId(EntityKind.Conversation, Conversation, 0, ConversationCheck).ToGuid();
}

/// <summary>One transition of a follow-up.</summary>
/// <param name="From">The previous status; null at the creation.</param>
/// <param name="Actor">The name of an API key or of the customer's sender, or <see cref="Parley"/>.</param>
public sealed record FollowUpEvent(
    DateTimeOffset At,
    FollowUpStatus? From,
    FollowUpStatus To,
    string? Reason,
    string Actor)
{
    /// <summary>The actor of transitions without a client.</summary>
    public const string Parley = "parley";

    /// <summary>The error message of a follow-up that failed.</summary>
    public string? Detail { get; init; }
}
