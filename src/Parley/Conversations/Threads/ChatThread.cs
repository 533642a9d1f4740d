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

    internal EntityId EntityId => new(EntityKind.Thread, Conversation, Sequence, Check);
}
