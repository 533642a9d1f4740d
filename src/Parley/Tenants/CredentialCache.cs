using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Parley.Core;
using Parley.Storage;

namespace Parley.Tenants;

/// <summary>
/// Finds the states of credentials. Found ones are cached for <see cref="CacheTime"/>: authentication costs no storage
/// call while a credential is in use, and a revoked key, and every caller of a suspended tenant, is refused within that
/// time. A cached state is not used for longer, not even while storage does not answer.
/// </summary>
public sealed partial class CredentialCache(ParleyTables tables, TimeProvider time, ILogger<CredentialCache> logger)
    : IDisposable
{
    /// <summary>The time after which a cached state is read from storage again.</summary>
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

    /// <summary>At most twice this number of credentials is cached.</summary>
    internal const int MaxCachedInHalf = 10_000;

    /// <summary>Many requests wait for the same lookup, so a failure must not take four times as long.</summary>
    private const int Retries = 1;

    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LogInterval = TimeSpan.FromMinutes(1);

    private readonly RecentEntries<Credential, Known> cache = new(MaxCachedInHalf);
    private readonly ConcurrentDictionary<Lookup, Lazy<Task<Admission?>>> reading = new();
    private readonly SemaphoreSlim slots = new(MaxUnknownAtOnce);
    private readonly RefusedCredentials refused = new(time);
    private readonly Lock logging = new();
    private int waiting;
    private long? loggedAt;
    private int unlogged;

    /// <summary>Finds a credential that anybody may have sent. Unless it is cached, it waits for a slot.</summary>
    /// <returns>Null when the credential does not exist, or was revoked.</returns>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.StorageUnavailable"/>; <see cref="ErrorCode.Busy"/>: too many unknown keys are being looked
    /// up.
    /// </exception>
    internal async Task<Admission?> FindAsync(Credential credential, CancellationToken cancellation)
    {
        var isUnknown = !cache.TryGet(credential, out _);
        return isUnknown && refused.Contains(credential)
            ? null
            : await FindAsync(new Lookup(credential, isUnknown), CacheTime, cancellation);
    }

    /// <summary>
    /// Finds a credential that was valid before, or that a signed token names: it does not wait for the lookups of
    /// unknown keys.
    /// </summary>
    /// <param name="age">The greatest age of the state.</param>
    /// <inheritdoc cref="FindAsync(Credential, CancellationToken)"/>
    internal async Task<Admission?> FindKnownAsync(
        Credential credential, TimeSpan age, CancellationToken cancellation) =>
        !cache.TryGet(credential, out _) && refused.Contains(credential)
            ? null
            : await FindAsync(new Lookup(credential, IsUnknown: false), age, cancellation);

    /// <summary>The last state that was read, when it is younger than an age; otherwise null.</summary>
    internal Admission? FindCached(Credential credential, TimeSpan age) =>
        cache.TryGet(credential, out var known) && time.GetElapsedTime(known.ReadAt) < age ? known.Admission : null;

    /// <inheritdoc/>
    public void Dispose() => slots.Dispose();

    private async Task<Admission?> FindAsync(Lookup lookup, TimeSpan age, CancellationToken cancellation)
    {
        if (cache.TryGet(lookup.Credential, out var known) && time.GetElapsedTime(known.ReadAt) <= age)
        {
            return known.Admission;
        }

        // Requests with the same credential share one lookup. It ends on its own, not with the client that began it.
        cancellation.ThrowIfCancellationRequested();
        var read = reading.GetOrAdd(
            lookup, static (lookup, self) => new Lazy<Task<Admission?>>(() => self.ReadAsync(lookup)), this);
        return await read.Value.WaitAsync(cancellation);
    }

    private async Task<Admission?> ReadAsync(Lookup lookup)
    {
        try
        {
            if (!lookup.IsUnknown)
            {
                return await ReadAsync(lookup.Credential);
            }

            await WaitForSlotAsync();
            try
            {
                return await ReadAsync(lookup.Credential);
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

    private async Task<Admission?> ReadAsync(Credential credential)
    {
        try
        {
            var readAt = time.GetTimestamp();
            using var timeout = new CancellationTokenSource(ReadTimeout, time);
            using var limit = RetryLimit.Begin(Retries);
            if (await tables.FindAsync(credential, timeout.Token) is not { } found)
            {
                cache.Remove(credential);
                refused.Add(credential);
                return null;
            }

            cache.Set(credential, new Known(found, readAt));
            return found;
        }
        catch (Exception e) when (StorageErrors.IsFailure(e, CancellationToken.None))
        {
            LogRarely(e);
            throw ParleyException.StorageUnavailable("Storage does not answer. Try again.", e, isLogged: true);
        }
    }

    private static ParleyException TooMany(Exception? inner) =>
        new(ErrorCode.Busy, "Too many API keys are being looked up at once. Try again.", inner)
        {
            RetryAfter = TimeSpan.FromSeconds(1),
        };

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
    private readonly record struct Lookup(Credential Credential, bool IsUnknown);

    private sealed record Known(Admission Admission, long ReadAt);
}
