using Parley.Core;

namespace Parley.Tenants.Tokens;

/// <summary>Finds the caller of an access token: one that Parley issued for an API key, or another issuer's.</summary>
public sealed class AccessTokens(TokenIssuers issuers, Authenticator authenticator, TimeProvider time)
{
    /// <summary>The most characters (Unicode code points) of a name from a token.</summary>
    private const int MaxName = 125;

    private readonly TokenVerifier verifier = new(time);

    /// <summary>True for a text that is meant as an access token and not as an API key.</summary>
    public static bool IsLike(string text) => UnverifiedToken.IsLike(text);

    /// <summary>Verifies a token, and finds its caller. Costs no storage call when warm.</summary>
    /// <param name="text">The token.</param>
    /// <param name="readTenant">
    /// Reads the digits of the tenant that the request names; null when it names none. Called for a valid token.
    /// </param>
    /// <param name="cancellation">Cancelled when the client disconnects.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.Unauthenticated"/>: the token is not valid, or its API key is no longer.
    /// <see cref="ErrorCode.TenantForbidden"/>: it reaches no tenant, or several, and not this one.
    /// <see cref="ErrorCode.InvalidFields"/>: it reaches several tenants, and the request names none.
    /// <see cref="ErrorCode.TenantSuspended"/>, <see cref="ErrorCode.IssuerUnavailable"/>,
    /// <see cref="ErrorCode.StorageUnavailable"/>, <see cref="ErrorCode.Busy"/>.
    /// </exception>
    public async Task<Caller> AuthenticateAsync(string text, Func<string?> readTenant, CancellationToken cancellation)
    {
        var token = UnverifiedToken.Parse(text);
        var source = issuers.Find(token.Issuer)
            ?? throw UnverifiedToken.Refused("has an issuer ('iss') that this service does not know");
        var key = await source.FindKeyAsync(token.KeyId, token.Algorithm, cancellation)
            ?? throw UnverifiedToken.Refused(
                "names a key ('kid') that its issuer does not publish, or that cannot be used here");
        await verifier.VerifyAsync(token, source.Issuer, key);
        return source.IsParley
            ? await FindKeyHolderAsync(token.Claims, cancellation)
            : await FindSubjectAsync(source.Issuer, token.Claims, readTenant(), cancellation);
    }

    /// <summary>The API key that got the token from Parley, with no more scopes than the key has now.</summary>
    private async Task<Caller> FindKeyHolderAsync(ClaimValues claims, CancellationToken cancellation)
    {
        var (tenant, number) = OwnToken.Read(claims);
        var credential = Credential.OfKey(tenant, number);
        var key = await authenticator.AdmitAsync(credential, cancellation);
        var caller = Caller.Of(key!, credential);
        return caller with { Scopes = caller.Scopes & OwnToken.Issuer.ScopesOf(claims) };
    }

    private async Task<Caller> FindSubjectAsync(
        TokenIssuer issuer, ClaimValues claims, string? named, CancellationToken cancellation)
    {
        var subject = new TokenSubject(issuer.Name, claims.RequiredText("sub"));
        var tenant = Choose(issuer.TenantsOf(claims), named);
        var credential = Credential.OfTenant(tenant);
        await authenticator.AdmitAsync(credential, cancellation);
        return new Caller(tenant, subject.ToNumber(), NameOf(issuer, claims, subject), issuer.ScopesOf(claims))
        {
            Subject = subject,
            Credential = credential,
        };
    }

    private static TenantId Choose(IReadOnlyList<TenantId> tenants, string? named)
    {
        if (tenants.Count == 0)
        {
            throw ErrorCode.TenantForbidden.With("The access token reaches no tenant.");
        }

        if (tenants is [var only])
        {
            // As for an API key, the caller of this function compares it with X-Tenant.
            return only;
        }

        if (named is null)
        {
            throw ParleyException.Field(
                "X-Tenant", "Is required, because the access token reaches several tenants.");
        }

        return TenantId.TryParse(named, out var tenant) && tenants.Contains(tenant)
            ? tenant
            : throw ErrorCode.TenantForbidden.With("The access token does not reach the tenant that X-Tenant names.");
    }

    /// <summary>
    /// The name without characters that mislead a reader of the messages. The subject's id when there is no name.
    /// </summary>
    private static string NameOf(TokenIssuer issuer, ClaimValues claims, TokenSubject subject) =>
        Clean(claims.Text(issuer.ActorClaim)) ?? Clean(subject.Id) ?? "user";

    private static string? Clean(string? text)
    {
        var shown = (text ?? "").EnumerateRunes().Where(rune => !HiddenCharacters.Contain(rune)).Take(MaxName);
        var name = string.Concat(shown).Trim();
        return name.Length == 0 || BlankText.IsBlank(name) ? null : name;
    }
}
