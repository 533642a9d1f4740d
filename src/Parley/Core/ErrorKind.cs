namespace Parley.Core;

/// <summary>The class of an error. The HTTP layer maps each kind to one status.</summary>
public enum ErrorKind
{
    /// <summary>The request cannot be parsed (400).</summary>
    Malformed,

    /// <summary>No valid credentials (401).</summary>
    Unauthenticated,

    /// <summary>Valid credentials without access (403).</summary>
    Forbidden,

    /// <summary>No such path, or no such entity in the caller's tenant (404).</summary>
    NotFound,

    /// <summary>The path does not have this method (405).</summary>
    MethodNotAllowed,

    /// <summary>The state of the entity does not allow the request (409).</summary>
    Conflict,

    /// <summary>If-Match contains another revision (412).</summary>
    PreconditionFailed,

    /// <summary>The body exceeds the route's limit (413).</summary>
    TooLarge,

    /// <summary>The route does not accept the body's media type (415).</summary>
    UnsupportedMediaType,

    /// <summary>Fields violate rules (422).</summary>
    Invalid,

    /// <summary>
    /// The caller's quota is used up, or an assistant's provider accepts no more requests now; may have Retry-After
    /// (429).
    /// </summary>
    TooManyRequests,

    /// <summary>A defect of Parley (500).</summary>
    Internal,

    /// <summary>An assistant's provider failed (502).</summary>
    ProviderFailed,

    /// <summary>An assistant's provider did not respond in time (504).</summary>
    ProviderTimeout,

    /// <summary>Try again later; has Retry-After (503).</summary>
    Unavailable,
}
