using Parley.Assistants.Completions;
using Parley.Assistants.Records;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>A record, in the format of MaiAgent. ReplyTime is in seconds.</summary>
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
    public static RecordResponse Of(Record record) => new(
        record.Completion.Id,
        record.Completion.Chatbot,
        record.Completion.ConversationId,
        record.Input,
        CondenseMessage: null, // Parley sends the original question, not one that a model condensed from the history.
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

/// <summary>A page of records, in the format of MaiAgent.</summary>
/// <param name="Count">The number of records on all pages.</param>
/// <param name="Next">The absolute URL of the next page; null on the last page.</param>
/// <param name="Previous">The absolute URL of the previous page; null on the first page.</param>
/// <param name="Results">The records of this page.</param>
public sealed record RecordList(int Count, string? Next, string? Previous, IReadOnlyList<RecordResponse> Results);
