namespace Parley.Tenants.Tokens;

/// <summary>
/// The names and values in Parley's own access tokens (RFC 9068): JSON Web Tokens that are signed with ES256.
/// </summary>
internal static class TokenClaims
{
    /// <summary>The header <c>typ</c>.</summary>
    public const string Type = "at+jwt";

    /// <summary>The header <c>alg</c>.</summary>
    public const string Algorithm = "ES256";

    /// <summary>The claims <c>iss</c> and <c>aud</c>: tokens are for the deployment that issued them.</summary>
    public const string Issuer = "urn:parley";

    /// <summary>The number of the API key in its tenant, as text.</summary>
    public const string ClientId = "client_id";

    /// <summary>The tenant's number, a JSON number.</summary>
    public const string Tenant = "tenant";

    /// <summary>The names of the scopes, separated by spaces.</summary>
    public const string Scope = "scope";

    /// <summary>The claim <c>sub</c> of an API key, which no other key of the deployment has.</summary>
    public static string Subject(ApiKey key) => $"key:{key.Tenant.Number}:{key.Number}";
}
