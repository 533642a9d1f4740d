namespace Parley.Storage.ChangeLog;

/// <summary>A change of one object.</summary>
/// <param name="Id">The object's UUID.</param>
/// <param name="Revision">The object's revision after the change.</param>
public readonly record struct Change(ChangeType Type, Guid Id, int Revision);

/// <summary>The changes of one transaction of a conversation.</summary>
/// <param name="Minute">The minute of the index row that was written for it (minutes since 1970).</param>
/// <param name="Sequence">The revision of the conversation after the transaction.</param>
/// <param name="At">The time of the transaction, by the clock of storage.</param>
/// <param name="Conversation">The conversation's UUID.</param>
/// <param name="Actor">Null for Parley itself.</param>
public sealed record ConversationChanges(
    long Minute,
    int Sequence,
    DateTimeOffset At,
    Guid Conversation,
    ChangeActor? Actor,
    IReadOnlyList<Change> Changes);

/// <summary>The change of one object outside conversations.</summary>
/// <param name="Minute">The minute in the row's key (minutes since 1970).</param>
/// <param name="Number">The object's number within the tenant.</param>
/// <param name="At">The time of the transaction, by the clock of storage.</param>
/// <param name="Actor">Null for Parley itself.</param>
public sealed record ObjectChange(long Minute, int Number, DateTimeOffset At, ChangeActor? Actor, Change Change);
