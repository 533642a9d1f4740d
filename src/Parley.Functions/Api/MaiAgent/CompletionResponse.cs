using System.Text.Json.Serialization;
using Parley.Assistants.Completions;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>A completion that is not streamed, in the format of MaiAgent.</summary>
/// <param name="ConversationId">The UUID of the conversation.</param>
/// <param name="CompletionId">The UUID of the completion.</param>
/// <param name="Content">The text that is produced so far.</param>
/// <param name="Done">True when the completion has ended.</param>
/// <param name="Error">The reason for an incomplete text; null while the completion runs and after success.</param>
public sealed record CompletionResponse(
    Guid ConversationId,
    Guid CompletionId,
    string Content,
    bool Done,
    CompletionErrorResponse? Error)
{
    public static CompletionResponse Of(Completion completion) => new(
        completion.ConversationId,
        completion.Id,
        completion.Text,
        completion.Status == CompletionStatus.Ended,
        completion.Error is { } error ? CompletionErrorResponse.Of(error) : null);
}

/// <summary>The reason for an incomplete completion.</summary>
/// <param name="Code">
/// timeout, rate_limited, refused, unavailable, bad_request, empty_reply, cancelled or interrupted.
/// </param>
/// <param name="Message">A sentence for people.</param>
public sealed record CompletionErrorResponse(string Code, string Message)
{
    public static CompletionErrorResponse Of(CompletionError error) => new(error.Code().Code, error.Message());
}

/// <summary>
/// A part of a streamed completion, in the format of MaiAgent. Its clients use both spellings of the conversation id.
/// </summary>
public sealed record CompletionPartResponse(
    Guid ConversationId,
    [property: JsonPropertyName("conversation_id")] Guid ConversationIdToo,
    Guid CompletionId,
    string Content,
    bool Done);

/// <summary>The last event of a completion that failed or was cancelled.</summary>
public sealed record CompletionFailureResponse(CompletionErrorResponse Error, bool Done);
