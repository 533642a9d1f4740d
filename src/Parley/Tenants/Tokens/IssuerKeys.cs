using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using Parley.Core;

namespace Parley.Tenants.Tokens;

/// <summary>
/// The keys that an issuer publishes. A token with a known key does not wait for the issuer, and is accepted while the
/// issuer does not answer. A token with an unknown key waits until the keys have been fetched, which happens at most
/// once in <see cref="Interval"/>, whatever callers send. Thread-safe.
/// </summary>
internal sealed partial class IssuerKeys(
    TokenIssuer issuer, IDocumentRetriever documents, TimeProvider time, ILogger logger)
{
    /// <summary>The shortest time between the beginnings of two fetches.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>
    /// The age at which keys are fetched again in the background. A key that the issuer withdraws is accepted for so
    /// long, and longer only while the issuer does not answer.
    /// </summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromHours(1);

    /// <summary>An instance that has not tried to fetch for this time fetches before it uses known keys.</summary>
    public static readonly TimeSpan FetchAgainAfter = 2 * MaxAge;

    /// <summary>The longest time of a fetch: two documents.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(10);

    /// <summary>The requests that wait for a fetch; further ones are refused at once.</summary>
    public const int MaxWaiting = 1_000;

    private const int MaxShown = 200;

    private readonly Lock gate = new();
    private volatile Known? known;
    private volatile bool hasFailed;
    private Task fetching = Task.CompletedTask;
    private long? begunAt;
    private int waiting;

    /// <summary>Finds a key by its id; if several have it, that of the algorithm (RFC 7517, section 4.5).</summary>
    /// <returns>Null when the issuer does not publish it.</returns>
    /// <exception cref="ParleyException">
    /// Only for an unknown key: <see cref="ErrorCode.IssuerUnavailable"/>: the last fetch failed, so the issuer may
    /// publish it. <see cref="ErrorCode.Busy"/>: too many wait.
    /// </exception>
    public async Task<IssuerKey?> FindAsync(string id, string algorithm, CancellationToken cancellation)
    {
        if (known?.Find(id, algorithm) is { } key)
        {
            if (time.GetElapsedTime(known.FetchedAt) < MaxAge)
            {
                return key;
            }

            if (HasBegunWithin(FetchAgainAfter))
            {
                _ = FetchIfDue();
                return key;
            }
        }

        await WaitAsync(FetchIfDue(), cancellation);
        return known?.Find(id, algorithm) is { } found ? found
            : !hasFailed ? null
            : throw new ParleyException(
                ErrorCode.IssuerUnavailable, "The keys of the access token's issuer could not be fetched. Try again.")
            {
                RetryAfter = TimeUntilDue(),
            };
    }

    private async Task WaitAsync(Task fetch, CancellationToken cancellation)
    {
        if (fetch.IsCompleted)
        {
            return;
        }

        try
        {
            if (Interlocked.Increment(ref waiting) > MaxWaiting)
            {
                throw new ParleyException(
                    ErrorCode.Busy, "Too many requests wait for the keys of the access token's issuer. Try again.")
                {
                    RetryAfter = TimeSpan.FromSeconds(1),
                };
            }

            await fetch.WaitAsync(cancellation);
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    private bool HasBegunWithin(TimeSpan age)
    {
        lock (gate)
        {
            return begunAt is { } at && time.GetElapsedTime(at) < age;
        }
    }

    private TimeSpan TimeUntilDue()
    {
        lock (gate)
        {
            return begunAt is { } at ? Interval - time.GetElapsedTime(at) : TimeSpan.Zero;
        }
    }

    /// <summary>The fetch that is running, or a new one; a completed task when it is too early for one.</summary>
    private Task FetchIfDue()
    {
        lock (gate)
        {
            if (fetching.IsCompleted && TimeUntilDue() <= TimeSpan.Zero)
            {
                begunAt = time.GetTimestamp();
                SharedWork.Start(() => fetching = FetchAsync());
            }

            return fetching;
        }
    }

    [SuppressMessage(
        "Design", "CA1031", Justification = "Whatever an issuer answers: it is logged, and the known keys stay.")]
    private async Task FetchAsync()
    {
        // The rest runs outside the lock.
        await Task.Yield();
        using var timeout = new CancellationTokenSource(MaxTime, time);
        try
        {
            var fetchedAt = time.GetTimestamp();
            var configuration = OpenIdConnectConfiguration.Create(
                await documents.GetDocumentAsync(issuer.Metadata!.AbsoluteUri, timeout.Token));
            if (configuration.Issuer != issuer.Name)
            {
                Fail("its configuration names another issuer");
                return;
            }

            var keys = Usable(PublishedKeys.Read(
                await documents.GetDocumentAsync(configuration.JwksUri, timeout.Token)));
            if (keys.Count == 0)
            {
                Fail("it publishes no key that can be used");
                return;
            }

            (known, hasFailed) = (new Known(keys, fetchedAt), false);
        }
        catch (Exception e)
        {
            Fail(PrivateException.Describe(e));
        }
    }

    private void Fail(string reason)
    {
        hasFailed = true;
        LogFailure(logger, issuer.Name, reason);
    }

    private List<IssuerKey> Usable(IReadOnlyList<JsonWebKey> published)
    {
        var keys = published
            .Select(key => (Key: key, Algorithm: AlgorithmOf(key)))
            .ToLookup(one => one.Algorithm is not null && issuer.Algorithms.Contains(one.Algorithm));
        if (keys[false].Any())
        {
            LogUnusable(logger, issuer.Name, Shown(string.Join(", ", keys[false].Select(one => one.Key.Kid))));
        }

        return [.. keys[true].Select(one => new IssuerKey(one.Key, one.Algorithm!))];
    }

    /// <summary>A text of the issuer for the log: a line of some length, without characters that mislead.</summary>
    private static string Shown(string text) => string.Concat(
        text.EnumerateRunes().Where(rune => !HiddenCharacters.Contain(rune)).Take(MaxShown));

    /// <summary>
    /// The only algorithm of a key: its <c>alg</c>, or the first one of the settings that its type can have. Null when
    /// the key is of another type, too short or malformed, or does not fit its <c>alg</c>.
    /// </summary>
    private string? AlgorithmOf(JsonWebKey key)
    {
        IEnumerable<string> possible = (key.Kty, key.Crv) switch
        {
            // RFC 7518, section 3.3: at least 2,048 bits.
            ("RSA", _) when Base64Url.IsValid(key.N ?? "") && key.KeySize >= 2048 =>
                issuer.Algorithms.Where(algorithm => algorithm[0] is 'R' or 'P'),
            ("EC", "P-256") => ["ES256"],
            ("EC", "P-384") => ["ES384"],
            ("EC", "P-521") => ["ES512"],
            _ => [],
        };
        return string.IsNullOrEmpty(key.Alg)
            ? possible.FirstOrDefault()
            : possible.FirstOrDefault(algorithm => algorithm == key.Alg);
    }

    [LoggerMessage(1522, LogLevel.Warning, "The keys of the issuer {Issuer} could not be fetched: {Reason}")]
    private static partial void LogFailure(ILogger logger, string issuer, string reason);

    [LoggerMessage(
        1523,
        LogLevel.Warning,
        "Keys of the issuer {Issuer} are not used, because of their type, length or algorithm: {Kids}")]
    private static partial void LogUnusable(ILogger logger, string issuer, string kids);

    private sealed record Known(IReadOnlyList<IssuerKey> Keys, long FetchedAt)
    {
        public IssuerKey? Find(string id, string algorithm) =>
            Keys.FirstOrDefault(one => one.Key.KeyId == id && one.Algorithm == algorithm)
            ?? Keys.FirstOrDefault(one => one.Key.KeyId == id);
    }
}
