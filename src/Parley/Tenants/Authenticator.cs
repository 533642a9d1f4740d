using Parley.Core;

namespace Parley.Tenants;

/// <summary>Finds the caller of an API key, and whether a caller is still admitted.</summary>
public sealed class Authenticator(CredentialCache cache, TimeProvider time)
{
    /// <param name="token">Null when the request has none.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.Unauthenticated"/>: the key is missing, malformed, unknown, revoked or expired.
    /// <see cref="ErrorCode.TenantSuspended"/>. <see cref="ErrorCode.StorageUnavailable"/>.
    /// <see cref="ErrorCode.Busy"/>: too many unknown keys are being looked up.
    /// </exception>
    public async Task<Caller> AuthenticateAsync(string? token, CancellationToken cancellation) =>
        (await AdmitKeyAsync(token, cancellation)).Caller;

    /// <summary>Like <see cref="AuthenticateAsync"/>, with the state of the key.</summary>
    /// <inheritdoc cref="AuthenticateAsync" path="/exception"/>
    internal async Task<(Caller Caller, Admission Admission)> AdmitKeyAsync(
        string? token, CancellationToken cancellation)
    {
        if (token is null)
        {
            throw ErrorCode.Unauthenticated.With("Send an API key or an access token: 'Authorization: Bearer <key>'.");
        }

        if (!ApiKeyToken.IsWellFormed(token))
        {
            throw Refused();
        }

        var credential = Credential.OfKeyText(ApiKeyToken.Hash(token));
        var admission = await cache.FindAsync(credential, cancellation);
        ThrowIfRefused(credential, admission);
        return (Caller.Of(admission!.Key!, credential), admission);
    }

    /// <summary>
    /// The key that <see cref="AuthenticateAsync"/> has just refused, because it has expired or its tenant is
    /// suspended; null when no such key is known.
    /// </summary>
    public ApiKey? FindRefusedKey(string? token) => token is not null && ApiKeyToken.IsWellFormed(token)
        ? cache.FindCached(Credential.OfKeyText(ApiKeyToken.Hash(token)), CredentialCache.CacheTime)?.Key
        : null;

    /// <summary>Checks the credential of a token that an issuer has signed.</summary>
    /// <returns>The API key of the credential; null for another issuer's token.</returns>
    /// <inheritdoc cref="AuthenticateAsync" path="/exception"/>
    internal async Task<ApiKey?> AdmitAsync(Credential credential, CancellationToken cancellation)
    {
        var admission = await cache.FindKnownAsync(credential, CredentialCache.CacheTime, cancellation);
        ThrowIfRefused(credential, admission);
        return admission!.Key;
    }

    /// <summary>
    /// Checks the key of a request that has been running for a while, with a state of at most <paramref name="age"/>.
    /// While storage does not answer, the last known state counts, until it is as old as
    /// <see cref="CredentialCache.CacheTime"/> less <paramref name="margin"/>. The key was valid before, so its lookup
    /// does not wait for those of unknown keys.
    /// </summary>
    /// <param name="margin">The longest time until the end of the next check.</param>
    /// <param name="cancellation">The end of the check: then the last known state counts too.</param>
    /// <returns>The refusal of a key that is no longer valid; null for a valid one.</returns>
    internal async Task<ParleyException?> FindRefusalAsync(
        Caller caller, TimeSpan age, TimeSpan margin, CancellationToken cancellation)
    {
        try
        {
            ThrowIfRefused(
                caller.Credential, await cache.FindKnownAsync(caller.Credential, age, cancellation));
            return null;
        }
        catch (Exception e) when (e is OperationCanceledException
            || e is ParleyException failure && failure.Code == ErrorCode.StorageUnavailable)
        {
            return cache.FindCached(caller.Credential, CredentialCache.CacheTime - margin) is not null
                ? null
                : ParleyException.StorageUnavailable("The API key could not be checked. Try again.", e);
        }
        catch (ParleyException refusal)
        {
            return refusal;
        }
    }

    private void ThrowIfRefused(Credential credential, Admission? admission)
    {
        if (admission is null || admission.Key?.EndsAt <= time.GetUtcNow())
        {
            throw credential == Credential.OfTenant(credential.Tenant)
                ? ErrorCode.TenantForbidden.With("The tenant of the access token does not exist.")
                : Refused();
        }

        if (admission.State != TenantState.Active)
        {
            throw Suspended();
        }
    }

    internal static ParleyException Suspended() =>
        ErrorCode.TenantSuspended.With("The tenant is suspended. Ask the operator of this service.");

    // One text for unknown, revoked and expired keys: the response must not reveal the reason.
    internal static ParleyException Refused() => ErrorCode.Unauthenticated.With("The API key is not valid.");
}
