namespace Parley.Tenants.Tokens;

/// <summary>A client that has authenticated with its API key.</summary>
public sealed record TokenClient(Caller Caller, ApiKey Key);

/// <summary>Authenticates the clients of the token endpoint.</summary>
public sealed class TokenClients(Authenticator authenticator, ApiKeyListing listing)
{
    /// <summary>Finds the API key of a text. Afterwards it can be found by its number, as tokens name it.</summary>
    /// <inheritdoc cref="Authenticator.AuthenticateAsync" path="/exception"/>
    public async Task<TokenClient> AuthenticateAsync(string text, CancellationToken cancellation)
    {
        var (caller, admission) = await authenticator.AdmitKeyAsync(text, cancellation);
        var key = admission.Key!;
        if (!admission.IsListed)
        {
            await listing.ListAsync(key, cancellation);
        }

        return new TokenClient(caller, key);
    }
}
