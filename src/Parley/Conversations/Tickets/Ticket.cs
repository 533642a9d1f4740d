using Azure;
using Parley.Core;

namespace Parley.Conversations.Tickets;

/// <summary>
/// The status of a ticket. Rows store the numbers, so they must not change. The names are part of the API.
/// </summary>
public enum TicketStatus
{
    /// <summary>No one has started to work on it.</summary>
    Pending = 1,

    Ongoing = 2,

    /// <summary>The final status.</summary>
    Completed = 3,
}

/// <summary>
/// A ticket: a part of a conversation that needs attention. At most one ticket is open at a time, so a ticket's
/// messages are a range of numbers.
/// </summary>
public sealed record Ticket
{
    public required ConversationKey Conversation { get; init; }

    /// <summary>The ticket's number in the conversation, from 1.</summary>
    public required int Number { get; init; }

    /// <summary>The random part of the UUID.</summary>
    public required long Check { get; init; }

    /// <summary>Raised by every edit; the HTTP ETag.</summary>
    public required int Revision { get; init; }

    public required TicketStatus Status { get; init; }

    public string? Title { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The time of the last edit; without one, the creation time.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The time of the completion; null before it.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The number of the ticket's first message, which may not be written yet.</summary>
    public required int FirstMessage { get; init; }

    /// <summary>The number of the ticket's last message; null while the ticket is open.</summary>
    public int? LastMessage { get; init; }

    internal ETag ETag { get; init; }

    public Guid Id => new EntityId(EntityKind.Ticket, Conversation, Number, Check).ToGuid();
}
