namespace Parley.Conversations;

/// <summary>
/// A feature's part of every transaction under a conversation's head. Conversations does not know the features; they
/// register their parts.
/// </summary>
internal interface IConversationPart
{
    /// <summary>The most operations that <see cref="Add"/> adds.</summary>
    int MaxOperations { get; }

    /// <summary>Adds the rows and index rows that an event requires.</summary>
    void Add(ConversationPlan plan, ConversationEvent happened);
}
