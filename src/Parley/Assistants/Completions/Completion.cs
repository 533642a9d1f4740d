using System.Collections.Immutable;
using Azure;
using Parley.Core;

namespace Parley.Assistants.Completions;

/// <summary>Where a turn stands. Stored by number: never change one.</summary>
public enum CompletionStatus
{
    /// <summary>Nobody speaks yet: a message of the queue will begin it.</summary>
    Queued = 1,

    /// <summary>A process speaks, and writes at least once a second.</summary>
    Running = 2,

    /// <summary>All is said; <see cref="Completion.Error"/> tells whether it is whole.</summary>
    Ended = 3,
}

/// <summary>The six scores of a record, each 0 to 1; null until scored.</summary>
public sealed record CompletionScores(
    double? Faithfulness, double? AnswerRelevancy, double? ContextPrecision, double? AnswerCorrectness, double? AnswerSimilarity, double? ContextRecall)
{
    /// <summary>None.</summary>
    public static CompletionScores None { get; } = new(null, null, null, null, null, null);
}

/// <summary>An assistant's turn in a conversation: it is the completion, its stream of events, and its record.</summary>
public sealed record Completion
{
    /// <summary>The customer's message that it answers.</summary>
    public required MessageKey Key { get; init; }

    /// <summary>The random part of its UUID.</summary>
    public required long Check { get; init; }

    /// <summary>The random part of the conversation's UUID.</summary>
    public required long ConversationCheck { get; init; }

    /// <summary>The chatbot's UUID.</summary>
    public required Guid Chatbot { get; init; }

    /// <summary>The chatbot's name then: the reply's speaker.</summary>
    public required string ChatbotName { get; init; }

    /// <summary>Whether it answers a message that was posted on its own, by the queue; such a turn ends without a reply when a human takes over.</summary>
    public required bool IsAutoReply { get; init; }

    /// <summary>Where it stands.</summary>
    public required CompletionStatus Status { get; init; }

    /// <summary>Why the reply is not whole, or there is none; null while running, and when it is whole.</summary>
    public CompletionError? Error { get; init; }

    /// <summary>When the provider says to try again, if it did.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>How often it has been begun.</summary>
    public required int Attempt { get; init; }

    /// <summary>Names who speaks: one process's one attempt.</summary>
    public required string ProducerId { get; init; }

    /// <summary>Raised by every write of who speaks.</summary>
    internal int Heartbeat { get; init; }

    /// <summary>Whether a client has asked for its end.</summary>
    public bool CancelRequested { get; init; }

    /// <summary>When the customer's message was written.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the timer looks after it.</summary>
    public required DateTimeOffset DueAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>What has been said so far. Never ends in half a surrogate pair.</summary>
    public string Text { get; init; } = "";

    /// <summary>The lengths of the events that make up the text.</summary>
    public ImmutableList<int> Parts { get; init; } = [];

    /// <summary>The number of the first event: 1, or after those of an earlier attempt.</summary>
    public int FirstEvent { get; init; } = 1;

    /// <summary>The number of the reply in the conversation; null when there is none.</summary>
    public int? Reply { get; init; }

    /// <summary>The scores of its record.</summary>
    public CompletionScores Scores { get; init; } = CompletionScores.None;

    /// <summary>Raised by every change of the scores; the HTTP ETag.</summary>
    public int Revision { get; init; } = 1;

    /// <summary>Names the last change of the scores.</summary>
    internal string? EditId { get; init; }

    /// <summary>The row's ETag.</summary>
    internal ETag ETag { get; init; }

    /// <summary>Its UUID: the completion's and the record's.</summary>
    public Guid Id => new EntityId(EntityKind.Completion, Key.Conversation, Key.Sequence, Check).ToGuid();

    /// <summary>The conversation's UUID.</summary>
    public Guid ConversationId => new EntityId(EntityKind.Conversation, Key.Conversation, 0, ConversationCheck).ToGuid();

    /// <summary>The number after that of its last event, so far.</summary>
    public int NextEvent => FirstEvent + Parts.Count + (Status == CompletionStatus.Ended ? 1 : 0);

    /// <summary>From the customer's message to the end.</summary>
    public TimeSpan? ReplyTime => EndedAt - CreatedAt;

    /// <summary>The same with more said: one more event, unless it is nothing.</summary>
    internal Completion WithText(string part) => part.Length == 0 ? this : this with { Text = Text + part, Parts = Parts.Add(part.Length) };
}
