using Parley.Assistants.Completions;
using Parley.Assistants.Records;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>A record, as MaiAgent's clients read it.</summary>
public sealed record RecordResponse(
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
    public static RecordResponse Of(Record record) => new(
        record.Completion.Id,
        record.Completion.Chatbot,
        record.Completion.ConversationId,
        record.Input,
        CondenseMessage: null, // A question that a model rewrote from the history: Parley asks what was asked.
        record.Output,
        record.Context,
        record.Completion.ReplyTime?.TotalSeconds,
        record.Completion.CreatedAt,
        record.Completion.Error?.Code().Code,
        record.Completion.Scores.Faithfulness,
        record.Completion.Scores.AnswerRelevancy,
        record.Completion.Scores.ContextPrecision,
        record.Completion.Scores.AnswerCorrectness,
        record.Completion.Scores.AnswerSimilarity,
        record.Completion.Scores.ContextRecall);
}

/// <summary>A page of records, as MaiAgent's clients read it.</summary>
/// <param name="Count">How many there are on all pages.</param>
/// <param name="Next">The absolute address of the next page; null at the end.</param>
/// <param name="Previous">The absolute address of the page before; null at the beginning.</param>
/// <param name="Results">The page.</param>
public sealed record RecordList(int Count, string? Next, string? Previous, IReadOnlyList<RecordResponse> Results);
