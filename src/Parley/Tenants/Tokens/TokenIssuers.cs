using System.Collections.Frozen;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Protocols;
using Parley.Core;

namespace Parley.Tenants.Tokens;

/// <summary>The issuers whose tokens are accepted: Parley itself, and those of the settings.</summary>
public sealed class TokenIssuers
{
    private readonly FrozenDictionary<string, TokenSource> sources;

    /// <param name="configured">The issuers of the settings, each with another name.</param>
    /// <param name="documents">Fetches their configurations and keys.</param>
    /// <param name="own">Parley's own keys.</param>
    public TokenIssuers(
        IEnumerable<TokenIssuer> configured,
        Func<TokenIssuer, IDocumentRetriever> documents,
        SigningKeys own,
        TimeProvider time,
        ILogger<TokenIssuers> logger)
    {
        var parley = new TokenSource(OwnToken.Issuer, (kid, _, token) => own.FindAsync(kid, token)) { IsParley = true };
        sources = configured
            .Select(issuer => new TokenSource(
                issuer, new IssuerKeys(issuer, documents(issuer), time, logger).FindAsync))
            .Append(parley)
            .ToFrozenDictionary(source => source.Issuer.Name, StringComparer.Ordinal);
    }

    /// <summary>Null for an unknown issuer.</summary>
    internal TokenSource? Find(string name) => sources.GetValueOrDefault(name);
}

/// <summary>An issuer and its keys.</summary>
/// <param name="FindKeyAsync">
/// Finds a key by its id, and that of the algorithm if there are several; null when the issuer does not publish it. It
/// may throw a <see cref="ParleyException"/>.
/// </param>
internal sealed record TokenSource(
    TokenIssuer Issuer, Func<string, string, CancellationToken, Task<IssuerKey?>> FindKeyAsync)
{
    /// <summary>True for Parley's own tokens, which name an API key.</summary>
    public bool IsParley { get; init; }
}
