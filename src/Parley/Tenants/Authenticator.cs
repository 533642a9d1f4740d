using System.Collections.Concurrent;
using Parley.Core;
using Parley.Storage;

namespace Parley.Tenants;

/// <summary>
/// Turns an API key into a caller. Keys that were found are remembered for half a minute, so that authentication costs no storage
/// call while a key is in use and a revoked key is refused within that time.
/// </summary>
public sealed class Authenticator(ParleyTables tables, TimeProvider time)
{
    /// <summary>How long a found key is believed without another look.</summary>
    public static readonly TimeSpan CacheTime = TimeSpan.FromSeconds(30);

    private const int MaxCached = 10_000;

    private readonly ConcurrentDictionary<string, Found> cache = new(StringComparer.Ordinal);

    /// <summary>The caller of a token.</summary>
    /// <param name="token">Null when the request has none.</param>
    /// <param name="cancellation">Ends the look-up.</param>
    /// <exception cref="ParleyException"><see cref="ErrorCode.Unauthenticated"/>: no, unknown or expired key.</exception>
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

    // One text for unknown, revoked and expired keys: the answer must not tell which.
    private static ParleyException Refused() => ErrorCode.Unauthenticated.With("The API key is not valid.");

    private sealed record Found(Caller Caller, DateTimeOffset ExpiresAt, long ReadAt);
}
