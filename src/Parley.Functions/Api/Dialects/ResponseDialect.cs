using Microsoft.AspNetCore.Http;
using Parley.Tenants;
using Parley.Tenants.Tokens;

namespace Parley.Functions.Api.Dialects;

/// <summary>The dialect of a refused API key that is known, such as an expired one. A feature of the request.</summary>
internal sealed record RefusedKey(Dialect Dialect);

/// <summary>Finds the dialect of a response, also of one to a request without a valid key.</summary>
internal static class ResponseDialect
{
    /// <summary>
    /// The dialect of the caller's key, or of a refused key that is known. Without either, a request with X-Tenant is
    /// from a client of Flextell, which sends it with every request. Of Parley's clients only those with another
    /// issuer's token do.
    /// </summary>
    public static Dialect Of(HttpContext context) =>
        context.Features.Get<Caller>()?.Dialect
        ?? context.Features.Get<RefusedKey>()?.Dialect
        ?? (context.Request.Headers.ContainsKey("X-Tenant") && !HasToken(context.Request)
            ? Dialect.Flextell
            : Dialect.Parley);

    private static bool HasToken(HttpRequest request) =>
        ApiKeyToken.FromHeader(request.Headers.Authorization.ToString()) is { } text && AccessTokens.IsLike(text);
}
