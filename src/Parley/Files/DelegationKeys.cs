using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace Parley.Files;

/// <summary>
/// The key that signs links when the app uses storage with its identity, without an account key. A key is requested
/// every few hours and cached in memory, so that links cost no storage call.
/// </summary>
internal sealed class DelegationKeys(BlobServiceClient service, TimeProvider time) : IDisposable
{
    /// <summary>The lifetime to request for a key; the service allows at most seven days.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    /// <summary>
    /// A key with less than this left is renewed before use. It is much more than a link's hour: storage uses its own
    /// clock, and rejects a link that outlives its key.
    /// </summary>
    public static readonly TimeSpan MinimumLeft = TimeSpan.FromHours(6);

    private readonly SemaphoreSlim renewal = new(1, 1);
    private CachedKey? cached;

    /// <summary>
    /// Creates a factory of links into a container. Links are signed with the account's key when the connection has
    /// one, else with a delegation key, so a storage call is rare.
    /// </summary>
    /// <exception cref="Azure.RequestFailedException">As for <see cref="GetAsync"/>.</exception>
    public async ValueTask<FileLinks> LinksAsync(
        BlobContainerClient container, TimeSpan lifetime, CancellationToken cancellation)
    {
        var key = container.CanGenerateSasUri ? null : await GetAsync(cancellation);
        return new FileLinks(container, key, time.GetUtcNow() + lifetime);
    }

    /// <summary>Returns a key that is valid for at least <see cref="MinimumLeft"/>.</summary>
    /// <exception cref="Azure.RequestFailedException">
    /// The identity has no role with generateUserDelegationKey, or storage does not respond.
    /// </exception>
    public async ValueTask<UserDelegationKey> GetAsync(CancellationToken cancellation)
    {
        if (Current() is { } key)
        {
            return key;
        }

        await renewal.WaitAsync(cancellation);
        try
        {
            // Callers that waited for the lock find the key that the first caller requested.
            return Current() ?? await RenewAsync(cancellation);
        }
        finally
        {
            renewal.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => renewal.Dispose();

    private UserDelegationKey? Current() =>
        Volatile.Read(ref cached) is { } current && time.GetUtcNow() + MinimumLeft <= current.ExpiresOn
            ? current.Key
            : null;

    private async Task<UserDelegationKey> RenewAsync(CancellationToken cancellation)
    {
        var expiresOn = time.GetUtcNow() + Lifetime;

        // No start time: the key is valid from the service's own current time.
        var response = await service.GetUserDelegationKeyAsync(
            startsOn: null, expiresOn: expiresOn, cancellationToken: cancellation);
        var key = response.Value;
        Volatile.Write(ref cached, new CachedKey(key, key.SignedExpiresOn));
        return key;
    }

    private sealed record CachedKey(UserDelegationKey Key, DateTimeOffset ExpiresOn);
}
