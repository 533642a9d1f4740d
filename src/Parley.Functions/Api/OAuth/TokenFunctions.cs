using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Parley.Core;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Quotas;
using Parley.Tenants;
using Parley.Tenants.Limits;
using Parley.Tenants.Tokens;

namespace Parley.Functions.Api.OAuth;

/// <summary>
/// The token endpoint (RFC 6749, section 3.2): a client gets a short-lived token for its API key. There are no refresh
/// tokens, because the client can always authenticate again (section 4.4.3).
/// </summary>
public sealed class TokenFunctions(
    ApiEndpoint endpoint, TokenClients clients, TokenSigner signer, RateLimiter limiter, ApiKeyUses uses)
{
    [Function("TokensCreate")]
    [OpenToAll]
    public Task Create(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1/oauth/token")] HttpRequest request) =>
        endpoint.RunAsync(request, () => RespondAsync(request));

    /// <summary>The same, at the path of clients that name no version.</summary>
    [Function("TokensCreateUnversioned")]
    [OpenToAll]
    public Task CreateUnversioned(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "oauth/token")] HttpRequest request) =>
        endpoint.RunAsync(request, () => RespondAsync(request));

    private async Task<IResult> RespondAsync(HttpRequest request)
    {
        try
        {
            return await IssueAsync(request);
        }
        catch (OAuthException e)
        {
            return Refuse(e);
        }
        catch (ParleyException e) when (e.Code == ErrorCode.Unauthenticated)
        {
            return Refuse(OAuthException.InvalidClient("The API key is not valid.", e));
        }
        catch (ParleyException e) when (e.Code == ErrorCode.TenantSuspended)
        {
            return Refuse(OAuthException.UnauthorizedClient(e.Message, e));
        }
    }

    private async Task<IResult> IssueAsync(HttpRequest request)
    {
        // First what needs no storage.
        var form = await TokenForm.ReadAsync(request);
        RequireGrantType(form.Find("grant_type"));
        var (id, secret) = ClientCredentials.Read(request, form);

        var cancellation = request.HttpContext.RequestAborted;
        var client = await clients.AuthenticateAsync(secret, cancellation);
        if (id != client.Key.Number.ToString(CultureInfo.InvariantCulture))
        {
            throw OAuthException.InvalidClient("The client_id is not the id of this API key.");
        }

        RequestQuota.Take(request, limiter.Find(client.Key.Tenant, client.Key.Number), LimitUnits.None);
        var token = await signer.IssueAsync(
            client.Key, ReadScopes(form.Find("scope"), client.Key.Scopes), cancellation);
        uses.Note(client.Caller);
        return new OAuthResult<TokenResponse>(
            new TokenResponse(token.Text, "Bearer", token.ExpiresIn, string.Join(' ', token.Scopes.Names())),
            OAuthJson.Default.TokenResponse);
    }

    private static void RequireGrantType(string? grantType)
    {
        if (grantType is null)
        {
            throw OAuthException.InvalidRequest("Send grant_type=client_credentials.");
        }

        if (grantType != "client_credentials")
        {
            throw OAuthException.UnsupportedGrantType();
        }
    }

    /// <summary>The requested scopes; without a request, all of the key.</summary>
    private static Scopes ReadScopes(string? requested, Scopes granted)
    {
        if (requested is null)
        {
            return granted;
        }

        var scopes = Scopes.None;
        foreach (var name in requested.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            scopes |= ScopeNames.TryParse(name, out var scope)
                ? scope
                : throw OAuthException.InvalidScope($"The scopes are {string.Join(", ", ScopeNames.All)}.");
        }

        if ((scopes & ~granted) is var missing and not Scopes.None)
        {
            throw OAuthException.InvalidScope($"The API key lacks {string.Join(", ", missing.Names())}.");
        }

        return scopes is Scopes.None
            ? throw OAuthException.InvalidScope("Send the names of scopes, separated by spaces, or no scope.")
            : scopes;
    }

    private static OAuthResult<TokenErrorResponse> Refuse(OAuthException e) => new(
        new TokenErrorResponse(e.Error, e.Message),
        OAuthJson.Default.TokenErrorResponse,
        e.Error == "invalid_client" ? StatusCodes.Status401Unauthorized : StatusCodes.Status400BadRequest);
}
