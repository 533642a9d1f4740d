using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Parley.Core;

namespace Parley.Tenants;

/// <summary>The authenticated caller of a request: an API key, or the subject of another issuer's token.</summary>
/// <param name="Tenant">The only tenant that the caller reaches.</param>
/// <param name="Number">
/// The key's number in its tenant, or the number of <see cref="Subject"/>: <c>user_id</c> of the messages that the
/// caller writes.
/// </param>
/// <param name="Name">The key's label, or the subject's name: the name of the actor.</param>
public sealed record Caller(TenantId Tenant, int Number, string Name, Scopes Scopes)
{
    /// <summary>The subject of another issuer's token; null for an API key and the tokens that it gets.</summary>
    public TokenSubject? Subject { get; init; }

    /// <summary>The dialect of the key, and of the tokens that it gets; Parley for another issuer's.</summary>
    public Dialect Dialect { get; init; }

    /// <summary>As chosen at the key's creation; null when the key does not expire.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>What the caller may give to an API key: no more than it has.</summary>
    public KeyGrant Grant => new(Scopes, ExpiresAt);

    /// <summary>By which <see cref="Authenticator"/> finds again whether the caller is admitted.</summary>
    internal Credential Credential { get; init; }

    internal static Caller Of(ApiKey key, Credential credential) =>
        new(key.Tenant, key.Number, key.Label, key.Scopes)
        {
            Credential = credential,
            Dialect = key.Dialect,
            ExpiresAt = key.ExpiresAt,
        };

    /// <exception cref="ParleyException"><see cref="ErrorCode.ScopeMissing"/>: the caller lacks some.</exception>
    public void Require(Scopes scopes) => Grant.Require(scopes);
}

/// <summary>The subject of another issuer's token.</summary>
/// <param name="Issuer">The issuer, as the setting names it.</param>
/// <param name="Id">The issuer's id of the subject: the claim <c>sub</c>.</param>
public sealed record TokenSubject(string Issuer, string Id)
{
    /// <summary>
    /// A number from 2^30 to 2^31 - 1, above those of keys, for fields that take the number of a user. Two subjects
    /// rarely have the same one.
    /// </summary>
    internal int ToNumber()
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{Issuer}\n{Id}"));
        return BinaryPrimitives.ReadInt32BigEndian(hash) & ((1 << 30) - 1) | (1 << 30);
    }
}
