using Azure;
using Parley.Core;

namespace Parley.Conversations.Threads;

/// <summary>A thread: related messages that start from one message of the conversation.</summary>
/// <param name="Sequence">The number of the message that it starts from. A message has at most one thread.</param>
/// <param name="Check">The random part of the UUID.</param>
/// <param name="MessageId">The UUID of the message that it starts from.</param>
public sealed record ChatThread(
    ConversationKey Conversation,
    int Sequence,
    long Check,
    Guid MessageId,
    DateTimeOffset CreatedAt)
{
    public Guid Id => EntityId.ToGuid();

    /// <summary>The number of its messages at <see cref="CountedAt"/>.</summary>
    internal int Messages { get; init; }

    /// <summary>
    /// The head's revision at which the messages were counted last; null in rows of versions before 0.3.0.
    /// </summary>
    internal int? CountedAt { get; init; }

    internal ETag ETag { get; init; }

    /// <summary>
    /// True when the count includes every append of the versions before 0.3.0, which do not maintain it.
    /// </summary>
    internal bool IsCountedFor(Conversation head) => CountedAt >= head.EarlierVersionsUpTo;

    internal EntityId EntityId => new(EntityKind.Thread, Conversation, Sequence, Check);
}
