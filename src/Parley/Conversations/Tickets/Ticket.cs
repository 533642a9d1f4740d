using Azure;
using Parley.Core;

namespace Parley.Conversations.Tickets;

/// <summary>Where a ticket is. Stored by number: never change one. The names are part of the API.</summary>
public enum TicketStatus
{
    /// <summary>Nobody has taken it yet.</summary>
    Pending = 1,

    /// <summary>Somebody works on it.</summary>
    Ongoing = 2,

    /// <summary>Done, for good.</summary>
    Completed = 3,
}

/// <summary>
/// A ticket: a stretch of a conversation that somebody has to see to. At most one is open at a time, so the messages that belong to a
/// ticket are those of a range of numbers.
/// </summary>
public sealed record Ticket
{
    /// <summary>The conversation.</summary>
    public required ConversationKey Conversation { get; init; }

    /// <summary>Its number in the conversation, from 1.</summary>
    public required int Number { get; init; }

    /// <summary>The random part of its UUID.</summary>
    public required long Check { get; init; }

    /// <summary>Raised by every edit; the HTTP ETag.</summary>
    public required int Revision { get; init; }

    /// <summary>Where it is.</summary>
    public required TicketStatus Status { get; init; }

    /// <summary>A free title.</summary>
    public string? Title { get; init; }

    /// <summary>When it was opened.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was edited last, else opened.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When it was completed.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The number of the first message that belongs to it, written or not.</summary>
    public required int FirstMessage { get; init; }

    /// <summary>The number of the last; null while it is open.</summary>
    public int? LastMessage { get; init; }

    /// <summary>The row's ETag.</summary>
    internal ETag ETag { get; init; }

    /// <summary>Its UUID.</summary>
    public Guid Id => new EntityId(EntityKind.Ticket, Conversation, Number, Check).ToGuid();
}
