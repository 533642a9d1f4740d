using Parley.Core;

namespace Parley.Tenants;

/// <summary>
/// A credential names the rows of storage that admit a caller: an API key, by its text or by its number, or a tenant
/// whose callers another issuer of tokens names.
/// </summary>
internal readonly record struct Credential
{
    private Credential(string? keyHash, TenantId tenant, int? keyNumber) =>
        (KeyHash, Tenant, KeyNumber) = (keyHash, tenant, keyNumber);

    /// <summary>The stored form of the API key's text; null when the caller did not send the text.</summary>
    public string? KeyHash { get; }

    /// <summary>The tenant, unless the hash finds it.</summary>
    public TenantId Tenant { get; }

    /// <summary>The number of the API key in its tenant; null without a key, and when the hash finds it.</summary>
    public int? KeyNumber { get; }

    /// <param name="hash">See <see cref="ApiKeyToken.Hash"/>.</param>
    public static Credential OfKeyText(string hash) => new(hash, default, null);

    /// <summary>For an access token that Parley issued for a key.</summary>
    public static Credential OfKey(TenantId tenant, int number) => new(null, tenant, number);

    /// <summary>For an access token of another issuer.</summary>
    public static Credential OfTenant(TenantId tenant) => new(null, tenant, null);
}

/// <summary>The state of a credential that exists.</summary>
/// <param name="State">The state of the tenant.</param>
/// <param name="Key">
/// The API key, which is not revoked but may have expired; null for <see cref="Credential.OfTenant"/>.
/// </param>
internal sealed record Admission(TenantState State, ApiKey? Key)
{
    /// <summary>False for a key of a version before 0.3.0 that <see cref="ApiKeyListing"/> has not found yet.</summary>
    public bool IsListed { get; init; } = true;
}
