using Parley.Assistants.Completions;

namespace Parley.Assistants.Records;

/// <summary>
/// A completion with its texts, for an evaluator. The texts are read from the messages as they are now and are not
/// stored a second time, so an edit or a deletion of a message changes the record too.
/// </summary>
/// <param name="Completion">The completion: the record's id, chatbot, conversation, times, error and scores.</param>
/// <param name="Input">The customer's message.</param>
/// <param name="Context">The context that was sent with the message; null when there was none.</param>
/// <param name="Output">The reply; the text so far when the completion is running or has no reply.</param>
public sealed record Record(Completion Completion, string Input, string? Context, string Output);

/// <summary>A page of records, newest first.</summary>
/// <param name="Count">
/// The number of records on all pages. It stops at the end of this page, but not before a thousand.
/// </param>
/// <param name="IsCapped">True when there are more records than <paramref name="Count"/>.</param>
public sealed record RecordPage(IReadOnlyList<Record> Records, int Count, bool IsCapped);

/// <summary>A half-open range of times of customers' messages.</summary>
/// <param name="From">The first time in the range; null for no lower bound.</param>
/// <param name="To">The first time after the range; null for no upper bound.</param>
public readonly record struct RecordRange(DateTimeOffset? From, DateTimeOffset? To);
