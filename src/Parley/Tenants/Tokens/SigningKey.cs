using Azure;
using Microsoft.IdentityModel.Tokens;

namespace Parley.Tenants.Tokens;

/// <summary>
/// A key that signs Parley's own access tokens: ECDSA with the curve P-256. Its private part is sealed; see
/// <see cref="SigningKeyStore.Open"/>.
/// </summary>
public sealed record SigningKey
{
    /// <summary>The key's number, from 1; each successor has the next one.</summary>
    public required int Number { get; init; }

    /// <summary>The SHA-256 of the public part in base64url (RFC 7638): 43 characters.</summary>
    public required string Kid { get; init; }

    /// <summary>The public point's first coordinate: 32 bytes in base64url.</summary>
    public required string X { get; init; }

    /// <summary>The public point's second coordinate: 32 bytes in base64url.</summary>
    public required string Y { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The time from which the key signs; it verifies from its creation.</summary>
    public required DateTimeOffset SignsFrom { get; init; }

    /// <summary>The stored form of the private part.</summary>
    internal string PrivateKey { get; init; } = "";

    internal ETag ETag { get; init; }

    /// <summary>The public part, for the validation of tokens.</summary>
    internal IssuerKey ToIssuerKey() => new(ToJsonWebKey(), TokenClaims.Algorithm);

    /// <param name="secret">The private number: 32 bytes in base64url; null for a public key.</param>
    internal JsonWebKey ToJsonWebKey(string? secret = null) => new()
    {
        Kty = JsonWebAlgorithmsKeyTypes.EllipticCurve,
        Crv = JsonWebKeyECTypes.P256,
        X = X,
        Y = Y,
        D = secret,
        Kid = Kid,
        Alg = TokenClaims.Algorithm,
        Use = JsonWebKeyUseNames.Sig,
    };
}
