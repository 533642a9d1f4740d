using Parley.Core;

namespace Parley.Conversations.Threads;

/// <summary>A thread: messages that belong together, from one message of the conversation on.</summary>
/// <param name="Conversation">The conversation.</param>
/// <param name="Sequence">The number of the message that it starts from: a message has at most one thread.</param>
/// <param name="Check">The random part of its UUID.</param>
/// <param name="MessageId">The UUID of the message that it starts from.</param>
/// <param name="CreatedAt">When it was created.</param>
public sealed record ChatThread(ConversationKey Conversation, int Sequence, long Check, Guid MessageId, DateTimeOffset CreatedAt)
{
    /// <summary>Its UUID.</summary>
    public Guid Id => EntityId.ToGuid();

    internal EntityId EntityId => new(EntityKind.Thread, Conversation, Sequence, Check);
}
