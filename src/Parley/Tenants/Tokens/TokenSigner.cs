using System.Globalization;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Parley.Core;

namespace Parley.Tenants.Tokens;

/// <summary>A new access token.</summary>
/// <param name="Text">The signed token.</param>
/// <param name="ExpiresIn">Its lifetime, in seconds.</param>
public sealed record AccessToken(string Text, int ExpiresIn, Scopes Scopes);

/// <summary>Issues Parley's own access tokens for API keys.</summary>
public sealed class TokenSigner(SigningKeys keys, SigningKeyStore store, TimeProvider time, RandomSource random)
{
    /// <summary>The lifetime of a token, unless its key ends before.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };

    // Opening a key takes as long as signing.
    private volatile SigningCredentials? opened;

    /// <summary>Issues a token: no storage call while the keys are cached.</summary>
    /// <param name="key">A key that is valid now.</param>
    /// <param name="scopes">Some of the key's scopes.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.Unauthenticated"/>: the key ends within this second.
    /// <see cref="ErrorCode.StorageUnavailable"/>, <see cref="ErrorCode.Busy"/>: there is no key to sign with now.
    /// </exception>
    public async Task<AccessToken> IssueAsync(ApiKey key, Scopes scopes, CancellationToken cancellation)
    {
        var signing = await keys.GetSigningAsync(cancellation);

        // Times in tokens are whole seconds (RFC 7519, section 2).
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        var lifetime = (int)Math.Min(
            (long)Lifetime.TotalSeconds, (key.EndsAt ?? DateTimeOffset.MaxValue).ToUnixTimeSeconds() - now);
        if (lifetime <= 0)
        {
            throw Authenticator.Refused();
        }

        var token = Handler.CreateToken(new SecurityTokenDescriptor
        {
            TokenType = TokenClaims.Type,
            Issuer = TokenClaims.Issuer,
            Audience = TokenClaims.Issuer,
            IssuedAt = DateTimeOffset.FromUnixTimeSeconds(now).UtcDateTime,
            Expires = DateTimeOffset.FromUnixTimeSeconds(now + lifetime).UtcDateTime,
            SigningCredentials = CredentialsOf(signing),
            Claims = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                [JwtRegisteredClaimNames.Sub] = TokenClaims.Subject(key),
                [JwtRegisteredClaimNames.Jti] = NextId(),
                [TokenClaims.ClientId] = key.Number.ToString(CultureInfo.InvariantCulture),
                [TokenClaims.Tenant] = key.Tenant.Number,
                [TokenClaims.Scope] = string.Join(' ', scopes.Names()),
            },
        });
        return new AccessToken(token, lifetime, scopes);
    }

    private SigningCredentials CredentialsOf(SigningKey key)
    {
        if (opened is not { } current || current.Kid != key.Kid)
        {
            opened = current = new SigningCredentials(store.Open(key), TokenClaims.Algorithm);
        }

        return current;
    }

    /// <summary>128 random bits.</summary>
    private string NextId()
    {
        Span<byte> bytes = stackalloc byte[16];
        random.Fill(bytes);
        return Base64UrlEncoder.Encode(bytes.ToArray());
    }
}
