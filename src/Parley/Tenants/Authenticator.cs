using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;

namespace Parley.Tenants;

/// <summary>
/// Finds the caller of an API key. Found keys are cached for <see cref="CacheTime"/>: authentication costs no storage
/// call while a key is in use, and a revoked key, and every key of a suspended tenant, is refused within that time. A
/// cached key is not used for longer, not even while storage does not answer.
/// </summary>
public sealed partial class Authenticator(ParleyTables tables, TimeProvider time, ILogger<Authenticator> logger)
{
    /// <summary>The time after which a cached key is read from storage again.</summary>
    public static readonly TimeSpan CacheTime = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Unknown keys that an instance looks up at once. Lookups of keys that were valid before are not limited, because
    /// strangers must not keep out the clients of an instance.
    /// </summary>
    public const int MaxUnknownAtOnce = 32;

    private const int MaxCached = 10_000;

    /// <summary>Many requests wait for the same lookup, so a failure must not take four times as long.</summary>
    private const int Retries = 1;

    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LogInterval = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, Known> cache = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<Task<Known>>> reading = new(StringComparer.Ordinal);
    private readonly RefusedKeys refused = new(time);
    private readonly Lock logging = new();
    private int unknown;
    private long? loggedAt;
    private int unlogged;

    /// <param name="token">Null when the request has none.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.Unauthenticated"/>: the key is missing, malformed, unknown, revoked or expired.
    /// <see cref="ErrorCode.TenantSuspended"/>. <see cref="ErrorCode.StorageUnavailable"/>.
    /// <see cref="ErrorCode.Busy"/>: too many unknown keys are being looked up.
    /// </exception>
    public async Task<Caller> AuthenticateAsync(string? token, CancellationToken cancellation)
    {
        if (token is null)
        {
            throw ErrorCode.Unauthenticated.With("Send an API key as 'Authorization: Bearer <key>'.");
        }

        if (!ApiKeyToken.IsWellFormed(token))
        {
            throw Refused();
        }

        var known = await FindAsync(ApiKeyToken.Hash(token), CacheTime, cancellation);
        ThrowIfRefused(known);
        return known.Key.Caller;
    }

    /// <summary>
    /// Checks the key of a request that has been running for a while, with a state of at most <paramref name="age"/>.
    /// While storage does not answer, the last known state counts, until it is as old as <see cref="CacheTime"/> less
    /// <paramref name="margin"/>.
    /// </summary>
    /// <param name="margin">The time until the next check.</param>
    internal async Task<bool> IsStillValidAsync(
        Caller caller, TimeSpan age, TimeSpan margin, CancellationToken cancellation)
    {
        try
        {
            ThrowIfRefused(await FindAsync(caller.KeyHash, age, cancellation));
            return true;
        }
        catch (ParleyException e) when (e.Code == ErrorCode.StorageUnavailable || e.Code == ErrorCode.Busy)
        {
            return cache.TryGetValue(caller.KeyHash, out var known)
                && time.GetElapsedTime(known.ReadAt) < CacheTime - margin;
        }
        catch (ParleyException)
        {
            return false;
        }
    }

    private async Task<Known> FindAsync(string hash, TimeSpan age, CancellationToken cancellation)
    {
        var isKnown = cache.TryGetValue(hash, out var known);
        if (isKnown && time.GetElapsedTime(known!.ReadAt) <= age)
        {
            return known;
        }

        if (!isKnown && refused.Contains(hash))
        {
            throw Refused();
        }

        // Requests with the same key share one lookup. It ends on its own, not with the client that began it.
        var lookup = reading.GetOrAdd(
            hash,
            static (hash, self) => new Lazy<Task<Known>>(() => self.Self.ReadAsync(hash, self.IsKnown)),
            (Self: this, IsKnown: isKnown));
        return await lookup.Value.WaitAsync(cancellation);
    }

    private async Task<Known> ReadAsync(string hash, bool isKnown)
    {
        var isCounted = !isKnown;
        try
        {
            if (isCounted && Interlocked.Increment(ref unknown) > MaxUnknownAtOnce)
            {
                throw new ParleyException(
                    ErrorCode.Busy, "Too many API keys are being looked up at once. Try again.")
                {
                    RetryAfter = TimeSpan.FromSeconds(1),
                };
            }

            var readAt = time.GetTimestamp();
            using var timeout = new CancellationTokenSource(ReadTimeout, time);
            using var limit = RetryLimit.Begin(Retries);
            var found = await tables.FindApiKeyAsync(hash, timeout.Token);
            return Remember(hash, found is null ? null : new Known(found, readAt)) ?? throw Refused();
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            LogRarely(e);
            throw new ParleyException(ErrorCode.StorageUnavailable, "Storage does not answer. Try again.", e)
            {
                RetryAfter = TimeSpan.FromSeconds(2),
                IsLogged = true,
            };
        }
        finally
        {
            if (isCounted)
            {
                Interlocked.Decrement(ref unknown);
            }

            reading.TryRemove(hash, out _);
        }
    }

    private Known? Remember(string hash, Known? known)
    {
        if (known is null)
        {
            cache.TryRemove(hash, out _);
            refused.Add(hash);
            return null;
        }

        if (cache.Count >= MaxCached)
        {
            cache.Clear();
        }

        return cache[hash] = known;
    }

    private void ThrowIfRefused(Known known)
    {
        if (known.Key.EndsAt <= time.GetUtcNow())
        {
            throw Refused();
        }

        if (known.Key.State != TenantState.Active)
        {
            throw ErrorCode.TenantSuspended.With("The tenant is suspended. Ask the operator of this service.");
        }
    }

    // One text for unknown, revoked and expired keys: the response must not reveal the reason.
    private static ParleyException Refused() => ErrorCode.Unauthenticated.With("The API key is not valid.");

    private void LogRarely(Exception failure)
    {
        lock (logging)
        {
            unlogged++;
            if (loggedAt is { } at && time.GetElapsedTime(at) < LogInterval)
            {
                return;
            }

            LogStorage(logger, unlogged, StorageErrors.FirstLine(failure));
            (loggedAt, unlogged) = (time.GetTimestamp(), 0);
        }
    }

    [LoggerMessage(
        1503,
        LogLevel.Warning,
        "Storage did not answer {Count} lookups of API keys since the last such line: {Reason}")]
    private static partial void LogStorage(ILogger logger, int count, string reason);

    private sealed record Known(FoundApiKey Key, long ReadAt);
}
