using System.Collections.Concurrent;
using Parley.Core;
using Parley.Storage;

namespace Parley.Tenants;

/// <summary>
/// Finds the caller of an API key. Found keys are cached for <see cref="CacheTime"/>: authentication costs no storage
/// call while a key is in use, and a revoked key is refused within that time.
/// </summary>
public sealed class Authenticator(ParleyTables tables, TimeProvider time)
{
    /// <summary>The time after which a cached key is read from storage again.</summary>
    public static readonly TimeSpan CacheTime = TimeSpan.FromSeconds(30);

    private const int MaxCached = 10_000;

    private readonly ConcurrentDictionary<string, Found> cache = new(StringComparer.Ordinal);

    /// <param name="token">Null when the request has none.</param>
    /// <exception cref="ParleyException">
    /// <see cref="ErrorCode.Unauthenticated"/>: the key is missing, unknown or expired.
    /// </exception>
    public async Task<Caller> AuthenticateAsync(string? token, CancellationToken cancellation)
    {
        if (token is null)
        {
            throw ErrorCode.Unauthenticated.With("Send an API key as 'Authorization: Bearer <key>'.");
        }

        var hash = ApiKeyToken.Hash(token);
        if (!cache.TryGetValue(hash, out var found) || time.GetElapsedTime(found.ReadAt) > CacheTime)
        {
            found = await FindAsync(hash, cancellation);
        }

        return time.GetUtcNow() < found.ExpiresAt ? found.Caller : throw Refused();
    }

    private async Task<Found> FindAsync(string hash, CancellationToken cancellation)
    {
        var readAt = time.GetTimestamp();
        if (await tables.Keys.FindAsync(AdministrationRowKeys.ApiKeyPartition(hash), hash, cancellation) is not { } row)
        {
            cache.TryRemove(hash, out _);
            throw Refused();
        }

        if (cache.Count >= MaxCached)
        {
            cache.Clear();
        }

        return cache[hash] = new Found(ApiKeyRow.ReadCaller(row), ApiKeyRow.ReadExpiry(row), readAt);
    }

    // One text for unknown, revoked and expired keys: the response must not reveal the reason.
    private static ParleyException Refused() => ErrorCode.Unauthenticated.With("The API key is not valid.");

    private sealed record Found(Caller Caller, DateTimeOffset ExpiresAt, long ReadAt);
}
