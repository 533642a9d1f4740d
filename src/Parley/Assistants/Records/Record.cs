using Parley.Assistants.Completions;

namespace Parley.Assistants.Records;

/// <summary>
/// What an evaluator reads of a turn. The texts are those of the messages as they are now: what is edited or deleted there is so here too, and
/// nothing of it is kept twice.
/// </summary>
/// <param name="Completion">The turn: the record's id, chatbot, conversation, times, error and scores.</param>
/// <param name="Input">The customer's message.</param>
/// <param name="Context">What came beside its content; null when nothing did.</param>
/// <param name="Output">The reply; of a turn without one, and of one that is running, what has been said.</param>
public sealed record Record(Completion Completion, string Input, string? Context, string Output);

/// <summary>A page of records, newest first.</summary>
/// <param name="Records">The records.</param>
/// <param name="Count">How many there are on all pages, up to <see cref="RecordReader.MaxReach"/>.</param>
/// <param name="IsCapped">Whether there are more.</param>
public sealed record RecordPage(IReadOnlyList<Record> Records, int Count, bool IsCapped);

/// <summary>A half-open range of the times of customers' messages.</summary>
/// <param name="From">The first time in it; null for the beginning.</param>
/// <param name="To">The first time after it; null for the end.</param>
public readonly record struct RecordRange(DateTimeOffset? From, DateTimeOffset? To);
