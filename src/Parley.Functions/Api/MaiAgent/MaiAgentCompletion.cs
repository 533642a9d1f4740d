using System.Text.Json.Serialization;
using Parley.Assistants.Completions;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>
/// A completion that is not streamed, for MaiAgent's own clients, which use both spellings of the conversation id.
/// </summary>
public sealed record MaiAgentCompletion(
    Guid ConversationId,
    [property: JsonPropertyName("conversation_id")] Guid ConversationIdToo,
    Guid CompletionId,
    string Content,
    bool Done,
    CompletionErrorResponse? Error)
{
    public static MaiAgentCompletion Of(Completion completion)
    {
        var common = CompletionResponse.Of(completion);
        return new MaiAgentCompletion(
            common.ConversationId,
            common.ConversationId,
            common.CompletionId,
            common.Content,
            common.Done,
            common.Error);
    }
}
