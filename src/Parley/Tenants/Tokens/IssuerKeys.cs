using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using Parley.Core;

namespace Parley.Tenants.Tokens;

/// <summary>
/// The keys that an issuer publishes. A token with a known key never waits for the issuer, and is accepted while the
/// issuer does not answer. A token with an unknown key waits for a new look at the issuer's keys, of which there is at
/// most one in <see cref="Interval"/>, whatever callers send. Thread-safe.
/// </summary>
internal sealed partial class IssuerKeys(
    TokenIssuer issuer, IDocumentRetriever documents, TimeProvider time, ILogger logger)
{
    /// <summary>The shortest time between the beginnings of two looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>
    /// The age at which keys are read again in the background. A key that the issuer withdraws is accepted for so long.
    /// </summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromHours(1);

    /// <summary>The longest time of a look: two documents.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private ImmutableDictionary<string, IssuerKey>? keys;
    private Task reading = Task.CompletedTask;
    private long? begunAt;

    /// <summary>Finds a key by its id.</summary>
    /// <returns>Null when the issuer does not publish it, as far as is known.</returns>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.IssuerUnavailable"/>: no keys of the issuer have been read yet.
    /// </exception>
    public async Task<IssuerKey?> FindAsync(string id, CancellationToken cancellation)
    {
        if (keys?.GetValueOrDefault(id) is { } known)
        {
            if (IsOlderThan(MaxAge))
            {
                _ = ReadIfDue();
            }

            return known;
        }

        await ReadIfDue().WaitAsync(cancellation);
        return keys is { } current
            ? current.GetValueOrDefault(id)
            : throw new ParleyException(
                ErrorCode.IssuerUnavailable, "The issuer of the access token does not answer. Try again.")
            {
                RetryAfter = Interval,
            };
    }

    private bool IsOlderThan(TimeSpan age)
    {
        lock (gate)
        {
            return begunAt is not { } at || time.GetElapsedTime(at) >= age;
        }
    }

    /// <summary>The look that is running, or a new one; a completed task when it is too early for one.</summary>
    private Task ReadIfDue()
    {
        lock (gate)
        {
            if (!reading.IsCompleted)
            {
                return reading;
            }

            if (begunAt is { } at && time.GetElapsedTime(at) < Interval)
            {
                return Task.CompletedTask;
            }

            begunAt = time.GetTimestamp();
            SharedWork.Start(() => reading = ReadAsync());
            return reading;
        }
    }

    private async Task ReadAsync()
    {
        using var timeout = new CancellationTokenSource(MaxTime, time);
        try
        {
            var found = await OpenIdConnectConfigurationRetriever.GetAsync(
                issuer.Metadata!.AbsoluteUri, documents, timeout.Token);
            if (found.Issuer != issuer.Name)
            {
                LogFailure(logger, issuer.Name, $"its configuration names the issuer '{found.Issuer}'");
                return;
            }

            keys = Usable(found.JsonWebKeySet.Keys);
        }
        catch (Exception e) when (IsFailure(e))
        {
            LogFailure(logger, issuer.Name, e.GetBaseException().Message);
        }
    }

    private ImmutableDictionary<string, IssuerKey> Usable(IEnumerable<JsonWebKey> published) =>
        published
            .Where(key => !string.IsNullOrEmpty(key.Kid) && key.Use is null or "" or "sig")
            .Select(key => (key.Kid, Algorithm: AlgorithmOf(key), Key: key))
            .Where(one => one.Algorithm is not null && issuer.Algorithms.Contains(one.Algorithm))
            .DistinctBy(one => one.Kid, StringComparer.Ordinal)
            .ToImmutableDictionary(
                one => one.Kid, one => new IssuerKey(one.Key, one.Algorithm!), StringComparer.Ordinal);

    /// <summary>
    /// The only algorithm of a key: its <c>alg</c>, or the usual one of its type. Null when the key is of another type,
    /// too short, or does not fit its <c>alg</c>.
    /// </summary>
    private static string? AlgorithmOf(JsonWebKey key)
    {
        var usual = (key.Kty, key.Crv) switch
        {
            // RFC 7518, section 3.3: at least 2,048 bits.
            ("RSA", _) when key.KeySize >= 2048 => "RS256",
            ("EC", "P-256") => "ES256",
            ("EC", "P-384") => "ES384",
            ("EC", "P-521") => "ES512",
            _ => null,
        };
        return usual is null || string.IsNullOrEmpty(key.Alg) ? usual
            : key.Kty == "RSA" ? key.Alg[..1] is "R" or "P" ? key.Alg : null
            : key.Alg == usual ? usual : null;
    }

    /// <summary>What an issuer's server, its network or its documents can cause.</summary>
    private static bool IsFailure(Exception e) => e is IOException
        or HttpRequestException or OperationCanceledException or InvalidOperationException or ArgumentException
        or FormatException or System.Text.Json.JsonException or SecurityTokenException;

    [LoggerMessage(1521, LogLevel.Warning, "The keys of the issuer {Issuer} could not be read: {Reason}")]
    private static partial void LogFailure(ILogger logger, string issuer, string reason);
}
