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
    : IDisposable
{
    /// <summary>The time after which a cached key is read from storage again.</summary>
    public static readonly TimeSpan CacheTime = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Unknown keys that an instance looks up at once; others wait for their turn. Lookups of keys that were valid
    /// before are not limited, because strangers must not keep out the clients of an instance.
    /// </summary>
    public const int MaxUnknownAtOnce = 32;

    /// <summary>The lookups of unknown keys that wait; further ones are refused at once.</summary>
    public const int MaxWaiting = 1_000;

    /// <summary>The longest time for which a lookup waits for its turn.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(2);

    /// <summary>At most twice this number of keys is cached.</summary>
    internal const int MaxCachedInHalf = 10_000;

    /// <summary>Many requests wait for the same lookup, so a failure must not take four times as long.</summary>
    private const int Retries = 1;

    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LogInterval = TimeSpan.FromMinutes(1);

    private readonly RecentEntries<Known> cache = new(MaxCachedInHalf);
    private readonly ConcurrentDictionary<Lookup, Lazy<Task<Known>>> reading = new();
    private readonly SemaphoreSlim slots = new(MaxUnknownAtOnce);
    private readonly RefusedKeys refused = new(time);
    private readonly Lock logging = new();
    private int waiting;
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

        var hash = ApiKeyToken.Hash(token);
        var isUnknown = !cache.TryGet(hash, out _);
        if (isUnknown && refused.Contains(hash))
        {
            throw Refused();
        }

        var known = await FindAsync(new Lookup(hash, isUnknown), CacheTime, cancellation);
        ThrowIfRefused(known);
        return known.Key.Caller;
    }

    /// <inheritdoc/>
    public void Dispose() => slots.Dispose();

    /// <summary>
    /// Checks the key of a request that has been running for a while, with a state of at most <paramref name="age"/>.
    /// While storage does not answer, the last known state counts, until it is as old as <see cref="CacheTime"/> less
    /// <paramref name="margin"/>. The key was valid before, so its lookup does not wait for those of unknown keys.
    /// </summary>
    /// <param name="margin">The longest time until the end of the next check.</param>
    /// <param name="cancellation">The end of the check: then the last known state counts too.</param>
    /// <returns>The refusal of a key that is no longer valid; null for a valid one.</returns>
    internal async Task<ParleyException?> FindRefusalAsync(
        Caller caller, TimeSpan age, TimeSpan margin, CancellationToken cancellation)
    {
        try
        {
            ThrowIfRefused(await FindAsync(new Lookup(caller.KeyHash, IsUnknown: false), age, cancellation));
            return null;
        }
        catch (Exception e) when (e is OperationCanceledException
            || e is ParleyException failure && failure.Code == ErrorCode.StorageUnavailable)
        {
            return cache.TryGet(caller.KeyHash, out var known)
                && time.GetElapsedTime(known.ReadAt) < CacheTime - margin
                ? null
                : ParleyException.StorageUnavailable("The API key could not be checked. Try again.", e);
        }
        catch (ParleyException refusal)
        {
            return refusal;
        }
    }

    private async Task<Known> FindAsync(Lookup lookup, TimeSpan age, CancellationToken cancellation)
    {
        if (cache.TryGet(lookup.Hash, out var known) && time.GetElapsedTime(known.ReadAt) <= age)
        {
            return known;
        }

        // Requests with the same key share one lookup. It ends on its own, not with the client that began it.
        cancellation.ThrowIfCancellationRequested();
        var read = reading.GetOrAdd(
            lookup, static (lookup, self) => new Lazy<Task<Known>>(() => self.ReadAsync(lookup)), this);
        return await read.Value.WaitAsync(cancellation);
    }

    private async Task<Known> ReadAsync(Lookup lookup)
    {
        try
        {
            if (!lookup.IsUnknown)
            {
                return await ReadAsync(lookup.Hash);
            }

            await WaitForSlotAsync();
            try
            {
                return await ReadAsync(lookup.Hash);
            }
            finally
            {
                slots.Release();
            }
        }
        finally
        {
            reading.TryRemove(lookup, out _);
        }
    }

    private async Task WaitForSlotAsync()
    {
        if (slots.Wait(0))
        {
            return;
        }

        try
        {
            if (Interlocked.Increment(ref waiting) > MaxWaiting)
            {
                throw TooMany(inner: null);
            }

            using var timeout = new CancellationTokenSource(MaxWait, time);
            await slots.WaitAsync(timeout.Token);
        }
        catch (OperationCanceledException e)
        {
            throw TooMany(e);
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    private async Task<Known> ReadAsync(string hash)
    {
        try
        {
            var readAt = time.GetTimestamp();
            using var timeout = new CancellationTokenSource(ReadTimeout, time);
            using var limit = RetryLimit.Begin(Retries);
            if (await tables.FindApiKeyAsync(hash, timeout.Token) is not { } found)
            {
                cache.Remove(hash);
                refused.Add(hash);
                throw Refused();
            }

            var known = new Known(found, readAt);
            cache.Set(hash, known);
            return known;
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
    }

    private void ThrowIfRefused(Known known)
    {
        if (known.Key.EndsAt <= time.GetUtcNow())
        {
            throw Refused();
        }

        if (known.Key.State != TenantState.Active)
        {
            throw Suspended();
        }
    }

    private static ParleyException TooMany(Exception? inner) =>
        new(ErrorCode.Busy, "Too many API keys are being looked up at once. Try again.", inner)
        {
            RetryAfter = TimeSpan.FromSeconds(1),
        };

    internal static ParleyException Suspended() =>
        ErrorCode.TenantSuspended.With("The tenant is suspended. Ask the operator of this service.");

    // One text for unknown, revoked and expired keys: the response must not reveal the reason.
    internal static ParleyException Refused() => ErrorCode.Unauthenticated.With("The API key is not valid.");

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

    /// <param name="IsUnknown">True when the lookup waits for a slot.</param>
    private readonly record struct Lookup(string Hash, bool IsUnknown);

    private sealed record Known(FoundApiKey Key, long ReadAt);
}
