using Parley.Core;

namespace Parley.Tenants;

/// <summary>The authenticated API key of a request.</summary>
/// <param name="Tenant">The only tenant that the key gives access to.</param>
/// <param name="Number">The key's number in its tenant: <c>user_id</c> of the messages that it writes.</param>
/// <param name="Name">The key's label: the name of the actor.</param>
public sealed record Caller(TenantId Tenant, int Number, string Name, Scopes Scopes)
{
    /// <summary>As chosen at the key's creation; null when the key does not expire.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>What the key may give to another one: no more than it has.</summary>
    public KeyGrant Grant => new(Scopes, ExpiresAt);

    /// <summary>The stored form of the key, by which <see cref="Authenticator"/> finds it again.</summary>
    internal string KeyHash { get; init; } = "";

    /// <exception cref="ParleyException"><see cref="ErrorCode.ScopeMissing"/>: the key lacks some of them.</exception>
    public void Require(Scopes scopes) => Grant.Require(scopes);
}
