using Parley.Assistants;

namespace Parley.Functions.Assistants;

/// <summary>A record, as MaiAgent's clients read it.</summary>
public sealed record RecordAnswer(
    Guid Id,
    Guid Chatbot,
    Guid Conversation,
    string InputMessage,
    string? CondenseMessage,
    string OutputMessage,
    string? Context,
    double? ReplyTime,
    DateTimeOffset CreatedAt,
    string? Error,
    double? FaithfulnessScore,
    double? AnswerRelevancyScore,
    double? ContextPrecisionScore,
    double? AnswerCorrectnessScore,
    double? AnswerSimilarityScore,
    double? ContextRecallScore)
{
    /// <summary>Shapes a record.</summary>
    public static RecordAnswer Of(Record record) => new(
        record.Turn.Id,
        record.Turn.Chatbot,
        record.Turn.ConversationId,
        record.Input,
        CondenseMessage: null, // A question that a model rewrote from the history: Parley asks what was asked.
        record.Output,
        record.Context,
        record.Turn.ReplyTime?.TotalSeconds,
        record.Turn.CreatedAt,
        record.Turn.Error?.Code().Code,
        record.Turn.Scores.Faithfulness,
        record.Turn.Scores.AnswerRelevancy,
        record.Turn.Scores.ContextPrecision,
        record.Turn.Scores.AnswerCorrectness,
        record.Turn.Scores.AnswerSimilarity,
        record.Turn.Scores.ContextRecall);
}

/// <summary>A page of records, as MaiAgent's clients read it.</summary>
/// <param name="Count">How many there are on all pages.</param>
/// <param name="Next">The absolute address of the next page; null at the end.</param>
/// <param name="Previous">The absolute address of the page before; null at the beginning.</param>
/// <param name="Results">The page.</param>
public sealed record RecordList(int Count, string? Next, string? Previous, IReadOnlyList<RecordAnswer> Results);
