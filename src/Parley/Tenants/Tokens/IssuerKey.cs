using Microsoft.IdentityModel.Tokens;

namespace Parley.Tenants.Tokens;

/// <summary>A key that signs an issuer's tokens.</summary>
/// <param name="Algorithm">
/// The only algorithm that is accepted with this key, such as <c>ES256</c> (RFC 8725, section 3.1).
/// </param>
public sealed record IssuerKey(SecurityKey Key, string Algorithm);
