namespace Parley.Assistants.Providers;

/// <summary>The reason why a provider did not send a complete reply.</summary>
public enum ProviderError
{
    /// <summary>The provider sent nothing for too long, or the reply took too long.</summary>
    Timeout,

    /// <summary>The provider accepts no more requests now.</summary>
    RateLimited,

    /// <summary>The provider refuses to reply, or its content rules stopped the reply.</summary>
    Refused,

    /// <summary>The provider cannot be reached, fails, or closed the stream early.</summary>
    Unavailable,

    /// <summary>The provider rejects the request as invalid.</summary>
    BadRequest,

    /// <summary>The provider ended its reply without any text.</summary>
    Empty,
}
