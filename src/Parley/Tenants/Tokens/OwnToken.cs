using System.Globalization;
using System.Text.Json;
using Parley.Core;

namespace Parley.Tenants.Tokens;

/// <summary>The tokens that <see cref="TokenSigner"/> issues, as they are read.</summary>
internal static class OwnToken
{
    public static readonly TokenIssuer Issuer = new(TokenClaims.Issuer)
    {
        Audiences = [TokenClaims.Issuer],
        Algorithms = [TokenClaims.Algorithm],
        Types = [TokenClaims.Type],
        ScopeClaim = TokenClaims.Scope,
    };

    /// <summary>The API key of a verified token.</summary>
    /// <exception cref="ParleyException"><see cref="ErrorCode.Unauthenticated"/>.</exception>
    public static (TenantId Tenant, int Key) Read(ClaimValues claims) =>
        claims.Json.TryGetProperty(TokenClaims.Tenant, out var tenant)
            && tenant.ValueKind == JsonValueKind.Number
            && tenant.TryGetInt32(out var number)
            && number is >= 1 and <= TenantId.Max
            && int.TryParse(
                claims.Text(TokenClaims.ClientId), NumberStyles.None, CultureInfo.InvariantCulture, out var key)
            ? (new TenantId(number), key)
            : throw UnverifiedToken.Refused("does not name an API key as tokens of this service do");
}
