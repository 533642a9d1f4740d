using System.Globalization;
using Parley.Assistants.Records;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>
/// A record, for MaiAgent's own clients, with Parley's additional members at the end. A display score is the score with
/// two decimals, and empty without one.
/// </summary>
/// <param name="CondenseMessage">The input: Parley sends the original question to the model.</param>
/// <param name="ReplyTime">The seconds with three decimals; null while there is no reply.</param>
public sealed record MaiAgentRecord(
    Guid Id,
    string InputMessage,
    string CondenseMessage,
    string OutputMessage,
    string? Context,
    double? FaithfulnessScore,
    string DisplayFaithfulnessScore,
    double? AnswerRelevancyScore,
    string DisplayAnswerRelevancyScore,
    double? ContextPrecisionScore,
    string DisplayContextPrecisionScore,
    double? AnswerCorrectnessScore,
    string DisplayAnswerCorrectnessScore,
    double? AnswerSimilarityScore,
    string DisplayAnswerSimilarityScore,
    double? ContextRecallScore,
    string DisplayContextRecallScore,
    string? ReplyTime,
    DateTimeOffset CreatedAt,
    string? Error,
    Guid Chatbot,
    Guid Conversation)
{
    public static MaiAgentRecord Of(Record record)
    {
        var common = RecordResponse.Of(record);
        return new MaiAgentRecord(
            common.Id,
            common.InputMessage,
            common.InputMessage,
            common.OutputMessage,
            common.Context,
            common.FaithfulnessScore,
            Display(common.FaithfulnessScore),
            common.AnswerRelevancyScore,
            Display(common.AnswerRelevancyScore),
            common.ContextPrecisionScore,
            Display(common.ContextPrecisionScore),
            common.AnswerCorrectnessScore,
            Display(common.AnswerCorrectnessScore),
            common.AnswerSimilarityScore,
            Display(common.AnswerSimilarityScore),
            common.ContextRecallScore,
            Display(common.ContextRecallScore),
            common.ReplyTime?.ToString("F3", CultureInfo.InvariantCulture),
            common.CreatedAt,
            common.Error,
            common.Chatbot,
            common.Conversation);
    }

    private static string Display(double? score) => score?.ToString("F2", CultureInfo.InvariantCulture) ?? "";
}
