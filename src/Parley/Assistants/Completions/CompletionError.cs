using Parley.Assistants.Providers;
using Parley.Core;

namespace Parley.Assistants.Completions;

/// <summary>
/// The reason why a completion has no complete reply. Stored by number: never change one. The names are part of the
/// API.
/// </summary>
public enum CompletionError
{
    /// <summary>The provider sent nothing for too long, or the reply took too long.</summary>
    Timeout = 1,

    /// <summary>The provider accepts no more requests now.</summary>
    RateLimited = 2,

    /// <summary>The provider refuses to reply, or its content rules stopped the reply.</summary>
    Refused = 3,

    /// <summary>The provider cannot be reached, fails, or closed the stream early.</summary>
    Unavailable = 4,

    /// <summary>The provider rejects the request as invalid.</summary>
    BadRequest = 5,

    /// <summary>A client cancelled it, or the conversation was handed off before the reply.</summary>
    Cancelled = 6,

    /// <summary>The producer's process stopped.</summary>
    Interrupted = 7,

    /// <summary>The provider ended its reply without any text.</summary>
    Empty = 8,
}

/// <summary>The error codes and messages that clients receive for a failed completion.</summary>
public static class CompletionErrors
{
    /// <summary>The completion's error after a provider's.</summary>
    public static CompletionError ToCompletionError(this ProviderError error) => error switch
    {
        ProviderError.Timeout => CompletionError.Timeout,
        ProviderError.RateLimited => CompletionError.RateLimited,
        ProviderError.Refused => CompletionError.Refused,
        ProviderError.Unavailable => CompletionError.Unavailable,
        ProviderError.BadRequest => CompletionError.BadRequest,
        ProviderError.Empty => CompletionError.Empty,
        _ => throw new ArgumentOutOfRangeException(nameof(error), error, "There is no such error."),
    };

    /// <summary>The error code. Events, responses and records use the same one.</summary>
    public static ErrorCode Code(this CompletionError error) => error switch
    {
        CompletionError.Timeout => ErrorCode.ProviderTimedOut,
        CompletionError.RateLimited => ErrorCode.ProviderRateLimited,
        CompletionError.Refused => ErrorCode.ProviderRefused,
        CompletionError.Unavailable => ErrorCode.ProviderUnavailable,
        CompletionError.BadRequest => ErrorCode.ProviderBadRequest,
        CompletionError.Cancelled => ErrorCode.CompletionCancelled,
        CompletionError.Interrupted => ErrorCode.CompletionInterrupted,
        CompletionError.Empty => ErrorCode.ProviderReplyEmpty,
        _ => throw new ArgumentOutOfRangeException(nameof(error), error, "There is no such error."),
    };

    /// <summary>The message for the client.</summary>
    public static string Message(this CompletionError error) => error switch
    {
        CompletionError.Timeout => "The assistant did not answer in time.",
        CompletionError.RateLimited => "The assistant has too many requests. Try again later.",
        CompletionError.Refused => "The assistant refuses to answer this.",
        CompletionError.Unavailable => "The assistant cannot be reached, or broke off.",
        CompletionError.BadRequest =>
            "The assistant's provider refuses the request. Check the chatbot's model, the provider's key and the "
            + "length of the conversation.",
        CompletionError.Cancelled => "The completion was cancelled.",
        CompletionError.Interrupted =>
            "The completion was interrupted. The same Idempotency-Key runs it again.",
        CompletionError.Empty =>
            "The assistant's reply is empty. Its model may have used up its output limit before the first word.",
        _ => throw new ArgumentOutOfRangeException(nameof(error), error, "There is no such error."),
    };
}
