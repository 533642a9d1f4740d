namespace Parley.Conversations.Messages;

/// <summary>A feature's part of the transaction of one new message.</summary>
internal interface IMessagePart
{
    /// <summary>The most operations that <see cref="AddAsync"/> adds.</summary>
    int MaxOperations { get; }

    /// <summary>
    /// True when an earlier request with the same idempotency key must be found before index rows are written. Read
    /// after <see cref="AddAsync"/>.
    /// </summary>
    bool NeedsEarlierLookup => false;

    /// <summary>
    /// Reads the part's own row again after a failed attempt, before the head is read: if an earlier attempt lands
    /// between the two reads, the head contains it, and it is not mistaken for another writer's.
    /// </summary>
    Task ReadAgainAsync(CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>Throws when the message must not be written to this conversation.</summary>
    void EnsureAllowed(Conversation head)
    {
    }

    /// <summary>Sets the part's own properties of the message.</summary>
    Message Shape(Message message) => message;

    /// <summary>Adds the part's rows and index rows.</summary>
    Task AddAsync(ConversationPlan plan, Message message, CancellationToken cancellation);
}

/// <summary>
/// A feature's part of every deletion of a message: it removes what the feature has stored of the message's text.
/// </summary>
internal interface IMessageDeletionPart
{
    /// <summary>The most operations that <see cref="AddAsync"/> adds.</summary>
    int MaxOperations { get; }

    /// <param name="message">The message before its deletion.</param>
    Task AddAsync(ConversationPlan plan, Message message, CancellationToken cancellation);
}
