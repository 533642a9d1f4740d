namespace Parley.Conversations;

/// <summary>
/// Adds a feature's rows to a transaction that raises an event (<see cref="ConversationEventKind"/>). Conversations
/// does not know the features; they register their parts.
/// </summary>
internal interface IConversationPart
{
    /// <summary>The most operations that <see cref="Add"/> adds.</summary>
    int MaxOperations { get; }

    /// <summary>Adds the rows and index rows that an event requires.</summary>
    void Add(ConversationPlan plan, ConversationEvent happened);
}
