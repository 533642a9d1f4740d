using System.Collections.Immutable;
using Azure;
using Parley.Core;

namespace Parley.Assistants.Completions;

/// <summary>The state of a completion. Stored by number: never change one.</summary>
public enum CompletionStatus
{
    /// <summary>No process has begun it yet: a queue message will start it.</summary>
    Queued = 1,

    /// <summary>A process produces it, and writes its row at least once a second.</summary>
    Running = 2,

    /// <summary>The text is final; <see cref="Completion.Error"/> is null if the reply is complete.</summary>
    Ended = 3,
}

/// <summary>The six scores of a record, each 0 to 1; null until scored.</summary>
public sealed record CompletionScores(
    double? Faithfulness,
    double? AnswerRelevancy,
    double? ContextPrecision,
    double? AnswerCorrectness,
    double? AnswerSimilarity,
    double? ContextRecall)
{
    public static CompletionScores None { get; } = new(null, null, null, null, null, null);
}

/// <summary>
/// An assistant's reply to a customer's message: its state, its stream of events, and its record for evaluation.
/// </summary>
public sealed record Completion
{
    /// <summary>The key of the customer's message that it replies to.</summary>
    public required MessageKey Key { get; init; }

    /// <summary>The random part of the completion's UUID.</summary>
    public required long Check { get; init; }

    /// <summary>The random part of the conversation's UUID.</summary>
    public required long ConversationCheck { get; init; }

    /// <summary>The chatbot's UUID.</summary>
    public required Guid Chatbot { get; init; }

    /// <summary>The chatbot's name when the completion was created: the reply's sender name.</summary>
    public required string ChatbotName { get; init; }

    /// <summary>
    /// True for an automatic reply, which the queue starts. It ends without a reply when a human takes over.
    /// </summary>
    public required bool IsAutoReply { get; init; }

    public required CompletionStatus Status { get; init; }

    /// <summary>
    /// The reason why the reply is missing or incomplete; null until the end, and when the reply is complete.
    /// </summary>
    public CompletionError? Error { get; init; }

    /// <summary>The delay before a retry, if the provider named one.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The number of attempts begun; 0 while it is queued.</summary>
    public required int Attempt { get; init; }

    /// <summary>Identifies the producer: one attempt by one process.</summary>
    public required string ProducerId { get; init; }

    /// <summary>Incremented by every write of the producer.</summary>
    internal int Heartbeat { get; init; }

    /// <summary>True after a client requested cancellation.</summary>
    public bool CancelRequested { get; init; }

    /// <summary>The time of the customer's message.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The time at which the timer checks the completion.</summary>
    public required DateTimeOffset DueAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>
    /// Each event's part of the text received so far, in order. None ends in half of a surrogate pair. A part whose
    /// text was deleted is empty.
    /// </summary>
    public ImmutableList<string> Parts { get; init; } = [];

    /// <summary>The text received so far, joined at each call.</summary>
    public string Text => string.Concat(Parts);

    /// <summary>The number of the first event: 1, or the next number after those of an earlier attempt.</summary>
    public int FirstEvent { get; init; } = 1;

    /// <summary>The reply's message number in the conversation; null when there is no reply.</summary>
    public int? Reply { get; init; }

    public CompletionScores Scores { get; init; } = CompletionScores.None;

    /// <summary>Incremented by every change of the scores; the HTTP ETag.</summary>
    public int Revision { get; init; } = 1;

    /// <summary>
    /// The number of rows that contain the text of the attempt (<see cref="CompletionChunk"/>). They are deleted after
    /// its end, and the number stays.
    /// </summary>
    internal int Chunks { get; init; }

    /// <summary>The number of parts before the last chunk.</summary>
    internal int ChunkStart { get; init; }

    /// <summary>The id of the last change of the scores.</summary>
    internal string? EditId { get; init; }

    /// <summary>The row's ETag.</summary>
    internal ETag ETag { get; init; }

    /// <summary>The UUID of the completion and of its record.</summary>
    public Guid Id => new EntityId(EntityKind.Completion, Key.Conversation, Key.Sequence, Check).ToGuid();

    /// <summary>The conversation's UUID.</summary>
    public Guid ConversationId =>
        new EntityId(EntityKind.Conversation, Key.Conversation, 0, ConversationCheck).ToGuid();

    /// <summary>The number after the last event so far. The end is an event too.</summary>
    public int NextEvent => FirstEvent + Parts.Count + (Status == CompletionStatus.Ended ? 1 : 0);

    /// <summary>The time from the customer's message to the end.</summary>
    public TimeSpan? ReplyTime => EndedAt - CreatedAt;

    /// <summary>True when the row of the completion does not contain its text yet.</summary>
    internal bool IsTextInChunks => Status == CompletionStatus.Running && Chunks > 0;

    /// <summary>Adds text as one more event; an empty part adds none.</summary>
    internal Completion WithText(string part) => part.Length == 0 ? this : CompletionChunk.Extend(this, part);
}
