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
