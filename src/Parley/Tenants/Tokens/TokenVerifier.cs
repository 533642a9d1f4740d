using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Parley.Core;

namespace Parley.Tenants.Tokens;

/// <summary>
/// Checks access tokens by RFC 9068, section 4, and RFC 8725: signature, algorithm, type, issuer, audience and times.
/// </summary>
internal sealed class TokenVerifier(TimeProvider time)
{
    /// <summary>The greatest difference between the clocks of an issuer and of this app that is accepted.</summary>
    public static readonly TimeSpan Skew = TimeSpan.FromSeconds(60);

    private readonly JsonWebTokenHandler handler = new() { MaximumTokenSizeInBytes = UnverifiedToken.MaxLength };

    /// <param name="key">The issuer's key that the token names.</param>
    /// <exception cref="ParleyException"><see cref="ErrorCode.Unauthenticated"/>, with the reason.</exception>
    public async Task VerifyAsync(UnverifiedToken token, TokenIssuer issuer, IssuerKey key)
    {
        if (token.Algorithm != key.Algorithm)
        {
            throw UnverifiedToken.Refused($"has the algorithm '{token.Algorithm}', but its key is for {key.Algorithm}");
        }

        if (!issuer.Accepts(token.Type))
        {
            throw UnverifiedToken.Refused(
                $"has the type '{token.Type}'; accepted is {string.Join(" or ", issuer.Types)}");
        }

        VerifyTimes(token.Claims);
        var result = await handler.ValidateTokenAsync(token.Text, new TokenValidationParameters
        {
            IssuerSigningKey = key.Key,
            TryAllIssuerSigningKeys = false,
            ValidAlgorithms = [key.Algorithm],
            ValidIssuer = issuer.Name,
            ValidAudiences = issuer.Audiences,
            IgnoreTrailingSlashWhenValidatingAudience = false,

            // The times were checked by the app's clock.
            ValidateLifetime = false,
        });
        if (!result.IsValid)
        {
            throw UnverifiedToken.Refused(result.Exception switch
            {
                SecurityTokenInvalidAudienceException =>
                    "is not for this service: its 'aud' names none of its audiences",
                SecurityTokenInvalidSignatureException => "has a signature that does not fit",
                _ => "has a registered claim of another type than RFC 7519 states",
            });
        }
    }

    private void VerifyTimes(ClaimValues claims)
    {
        var now = time.GetUtcNow();
        var expiresAt = claims.Time("exp") ?? throw UnverifiedToken.Refused("has no 'exp'");
        var issuedAt = claims.Time("iat") ?? throw UnverifiedToken.Refused("has no 'iat'");
        if (expiresAt + Skew <= now)
        {
            throw UnverifiedToken.Refused("has expired");
        }

        if (issuedAt - Skew > now || claims.Time("nbf") - Skew > now)
        {
            throw UnverifiedToken.Refused("is not valid yet");
        }
    }
}
