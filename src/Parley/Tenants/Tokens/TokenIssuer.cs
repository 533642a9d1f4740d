using Parley.Core;

namespace Parley.Tenants.Tokens;

/// <summary>An issuer of access tokens, and how its tokens are read.</summary>
/// <param name="Name">The claim <c>iss</c> of its tokens, exactly.</param>
public sealed record TokenIssuer(string Name)
{
    /// <summary>The algorithms that a setting may name. All are asymmetric.</summary>
    public static readonly IReadOnlyList<string> KnownAlgorithms =
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    /// <summary>The address of its configuration (OpenID Connect Discovery 1.0, section 4).</summary>
    /// <remarks>Null for Parley's own tokens.</remarks>
    public Uri? Metadata { get; init; }

    /// <summary>A token must be for one of them: one of its <c>aud</c>.</summary>
    public required IReadOnlyList<string> Audiences { get; init; }

    /// <summary>The algorithms that its keys may have. Each key has one; see <see cref="IssuerKey"/>.</summary>
    public IReadOnlyList<string> Algorithms { get; init; } = ["RS256", "PS256", "ES256"];

    /// <summary>The accepted <c>typ</c> of the header.</summary>
    public IReadOnlyList<string> Types { get; init; } = ["at+jwt"];

    /// <summary>The claim with the names of scopes.</summary>
    public string ScopeClaim { get; init; } = "scope";

    /// <summary>The claim with the names of roles, which are names of scopes too; null for none.</summary>
    public string? RolesClaim { get; init; }

    /// <summary>The claim with numbers of tenants; null when every token reaches all <see cref="Tenants"/>.</summary>
    public string? TenantClaim { get; init; }

    /// <summary>The tenants that tokens of this issuer can reach; null for all that they name.</summary>
    public IReadOnlySet<TenantId>? Tenants { get; init; }

    /// <summary>The claim with the name that the caller's messages show; <c>sub</c> for tokens without it.</summary>
    public string ActorClaim { get; init; } = "sub";

    /// <summary>
    /// True for an accepted <c>typ</c>, in any case and with or without the prefix (RFC 7515, section 4.1.9).
    /// </summary>
    internal bool Accepts(string type)
    {
        const string Prefix = "application/";
        var name = WithoutPrefix(type);
        return Types.Any(one => WithoutPrefix(one).Equals(name, StringComparison.OrdinalIgnoreCase));

        static string WithoutPrefix(string type) =>
            type.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? type[Prefix.Length..] : type;
    }

    /// <summary>The tenants that a token reaches.</summary>
    internal IReadOnlyList<TenantId> TenantsOf(ClaimValues claims)
    {
        if (TenantClaim is null)
        {
            return [.. Tenants!];
        }

        var named = claims.Texts(TenantClaim)
            .Select(text => TenantId.TryParse(text, out var tenant) ? tenant : (TenantId?)null)
            .OfType<TenantId>()
            .Distinct();
        return [.. named.Where(tenant => Tenants?.Contains(tenant) is not false)];
    }

    /// <summary>The scopes that a token grants. Unknown names grant nothing.</summary>
    internal Scopes ScopesOf(ClaimValues claims)
    {
        IEnumerable<string> roles = RolesClaim is null ? [] : claims.Texts(RolesClaim);
        return claims.Texts(ScopeClaim)
            .Concat(roles)
            .Aggregate(Scopes.None, (scopes, name) => ScopeNames.TryParse(name, out var one) ? scopes | one : scopes);
    }
}
