using Azure;
using Parley.Core;

namespace Parley.Conversations.FollowUps;

/// <summary>Where a follow-up is. Stored by number: never change one. The names are part of the API.</summary>
public enum FollowUpStatus
{
    /// <summary>Waits for its time.</summary>
    Pending = 1,

    /// <summary>Has become a message.</summary>
    Sent = 2,

    /// <summary>Could not be sent.</summary>
    Failed = 3,

    /// <summary>Is not to be sent.</summary>
    Cancelled = 4,
}

/// <summary>Why follow-ups end without being sent, where Parley says so itself.</summary>
public static class FollowUpReasons
{
    /// <summary>The customer has written.</summary>
    public const string CustomerReplied = "customer_replied";

    /// <summary>The conversation was handed off to a human.</summary>
    public const string HandedOff = "handed_off";

    /// <summary>A client cancelled it and gave no reason.</summary>
    public const string CancelledByClient = "cancelled_by_client";

    /// <summary>It could not be written, again and again.</summary>
    public const string DeliveryFailed = "delivery_failed";
}

/// <summary>A message that is to be sent at its time, unless the customer writes before.</summary>
public sealed record FollowUp
{
    /// <summary>The conversation.</summary>
    public required ConversationKey Conversation { get; init; }

    /// <summary>The random part of the conversation's UUID.</summary>
    public required long ConversationCheck { get; init; }

    /// <summary>Its number in the conversation, from 1.</summary>
    public required int Number { get; init; }

    /// <summary>The random part of its UUID.</summary>
    public required long Check { get; init; }

    /// <summary>Raised by every transition; the HTTP ETag, and part of its index rows' keys.</summary>
    public required int Revision { get; init; }

    /// <summary>Where it is.</summary>
    public required FollowUpStatus Status { get; init; }

    /// <summary>When it is to be sent.</summary>
    public required DateTimeOffset DueAt { get; init; }

    /// <summary>What is to be sent.</summary>
    public required string Text { get; init; }

    /// <summary>Why it is where it is.</summary>
    public string? Reason { get; init; }

    /// <summary>When it was created: never before the conversation's follow-up before it.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its last transition was, else its creation.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When it stopped to be pending.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The UUID of the message that was the last when it was created.</summary>
    public required Guid TriggerId { get; init; }

    /// <summary>The UUID of the message that it became.</summary>
    public Guid? MessageId { get; init; }

    /// <summary>How often sending it failed since it became pending.</summary>
    public int Attempts { get; init; }

    /// <summary>The row's ETag.</summary>
    internal ETag ETag { get; init; }

    /// <summary>Its UUID.</summary>
    public Guid Id => new EntityId(EntityKind.FollowUp, Conversation, Number, Check).ToGuid();

    /// <summary>Its conversation's UUID.</summary>
    public Guid ConversationId => new EntityId(EntityKind.Conversation, Conversation, 0, ConversationCheck).ToGuid();
}

/// <summary>One transition of a follow-up.</summary>
/// <param name="At">When.</param>
/// <param name="From">Where it was; null at its creation.</param>
/// <param name="To">Where it went.</param>
/// <param name="Reason">Why.</param>
/// <param name="Actor">Who: the name of an API key, of the customer's sender, or parley.</param>
public sealed record FollowUpEvent(
    DateTimeOffset At,
    FollowUpStatus? From,
    FollowUpStatus To,
    string? Reason,
    string Actor)
{
    /// <summary>The actor when it is Parley itself.</summary>
    public const string Parley = "parley";

    /// <summary>What went wrong, when it failed to be sent.</summary>
    public string? Detail { get; init; }
}
