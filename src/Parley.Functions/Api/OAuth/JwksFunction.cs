using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.IdentityModel.Tokens;
using Parley.Functions.Api.Access;
using Parley.Tenants.Tokens;

namespace Parley.Functions.Api.OAuth;

/// <summary>
/// The public keys of access tokens. They are for everyone: services behind Parley may verify its tokens.
/// </summary>
public sealed class JwksFunction(ApiEndpoint endpoint, SigningKeys keys)
{
    /// <summary>Much shorter than the time from a key's publication until it signs.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromHours(1);

    [Function("Jwks")]
    [OpenToAll]
    public Task Get(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = ".well-known/jwks.json")]
        HttpRequest request) =>
        endpoint.RunAsync(request, async () =>
        {
            var published = await keys.ListAsync(request.HttpContext.RequestAborted);
            return new OAuthResult<JwksResponse>(
                new JwksResponse([.. published.Select(Convert)]), OAuthJson.Default.JwksResponse)
            {
                MaxAge = MaxAge,
            };
        });

    private static JwkResponse Convert(SigningKey key) => new(
        JsonWebAlgorithmsKeyTypes.EllipticCurve,
        JsonWebKeyECTypes.P256,
        key.X,
        key.Y,
        key.Kid,
        JsonWebKeyUseNames.Sig,
        SecurityAlgorithms.EcdsaSha256);
}
