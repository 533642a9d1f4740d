namespace Parley.Functions.Api.OAuth;

/// <summary>A failure that the token endpoint returns as OAuth specifies (RFC 6749, section 5.2).</summary>
/// <param name="error">One of the codes below.</param>
/// <param name="description">
/// One sentence for the developer of the client: printable ASCII without quotes and backslashes, as the section
/// requires.
/// </param>
internal sealed class OAuthException(string error, string description, Exception? cause = null)
    : Exception(description, cause)
{
    public string Error { get; } = error;

    /// <summary>A parameter is missing, repeated or malformed, or the client authenticates in two ways.</summary>
    public static OAuthException InvalidRequest(string description, Exception? cause = null) =>
        new("invalid_request", description, cause);

    /// <summary>The client does not authenticate, or not with a valid key of this id: status 401.</summary>
    public static OAuthException InvalidClient(string description, Exception? cause = null) =>
        new("invalid_client", description, cause);

    /// <summary>The client must not get a token now.</summary>
    public static OAuthException UnauthorizedClient(string description, Exception? cause = null) =>
        new("unauthorized_client", description, cause);

    public static OAuthException UnsupportedGrantType() =>
        new("unsupported_grant_type", "The only grant_type is client_credentials.");

    /// <summary>A scope is unknown, or the key does not have it.</summary>
    public static OAuthException InvalidScope(string description) => new("invalid_scope", description);
}
