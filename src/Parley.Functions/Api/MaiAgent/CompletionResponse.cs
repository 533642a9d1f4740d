using Parley.Assistants.Completions;

namespace Parley.Functions.Api.MaiAgent;

/// <summary>A completion, as MaiAgent's clients read it when it is not streamed.</summary>
/// <param name="ConversationId">The conversation's UUID.</param>
/// <param name="CompletionId">Its own.</param>
/// <param name="Content">What has been said.</param>
/// <param name="Done">Whether it has ended.</param>
/// <param name="Error">Why it is not whole; null when it is, and while it runs.</param>
public sealed record CompletionResponse(Guid ConversationId, Guid CompletionId, string Content, bool Done, CompletionErrorResponse? Error)
{
    /// <summary>Shapes a turn.</summary>
    public static CompletionResponse Of(Completion completion) => new(
        completion.ConversationId, completion.Id, completion.Text, completion.Status == CompletionStatus.Ended, completion.Error is { } error ? CompletionErrorResponse.Of(error) : null);
}

/// <summary>Why a completion is not whole.</summary>
/// <param name="Code">timeout, rate_limited, refused, unavailable, bad_request, cancelled or interrupted.</param>
/// <param name="Message">One sentence.</param>
public sealed record CompletionErrorResponse(string Code, string Message)
{
    /// <summary>Shapes an error.</summary>
    public static CompletionErrorResponse Of(CompletionError error) => new(error.Code().Code, error.Message());
}

/// <summary>A part of a completion, as MaiAgent's clients read it from the stream: some of them by one name of the conversation, some by the other.</summary>
public sealed record CompletionPartResponse(Guid ConversationId, [property: System.Text.Json.Serialization.JsonPropertyName("conversation_id")] Guid ConversationIdToo, Guid CompletionId, string Content, bool Done);

/// <summary>The end of a completion that is not whole.</summary>
public sealed record CompletionFailureResponse(CompletionErrorResponse Error, bool Done);
