using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace Parley.Files;

/// <summary>
/// The key that signs links where storage is reached by identity, without an account key. One is asked for every few hours and kept in
/// memory, so that links cost no storage call.
/// </summary>
internal sealed class DelegationKeys(BlobServiceClient service, TimeProvider time) : IDisposable
{
    /// <summary>How long a key is asked for; the service gives at most seven days.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    /// <summary>
    /// A key with less than this left is renewed first. Far more than a link's hour: storage judges by its own clock, and a link that
    /// outlasts its key is refused.
    /// </summary>
    public static readonly TimeSpan MinimumLeft = TimeSpan.FromHours(6);

    private readonly SemaphoreSlim completion = new(1, 1);
    private Kept? kept;

    /// <summary>
    /// What makes links into a container. Signed with the account's key where the connection has one, else with such a key; so nearly always without a
    /// storage call.
    /// </summary>
    /// <exception cref="Azure.RequestFailedException">As for <see cref="GetAsync"/>.</exception>
    public async ValueTask<FileLinks> LinksAsync(BlobContainerClient container, TimeSpan lifetime, CancellationToken cancellation)
    {
        var key = container.CanGenerateSasUri ? null : await GetAsync(cancellation);
        return new FileLinks(container, key, time.GetUtcNow() + lifetime);
    }

    /// <summary>A key that is valid for <see cref="MinimumLeft"/> at least.</summary>
    /// <exception cref="Azure.RequestFailedException">The identity has no role with generateUserDelegationKey, or storage does not answer.</exception>
    public async ValueTask<UserDelegationKey> GetAsync(CancellationToken cancellation)
    {
        if (Current() is { } key)
        {
            return key;
        }

        await completion.WaitAsync(cancellation);
        try
        {
            // Those who waited find what the first one brought.
            return Current() ?? await RenewAsync(cancellation);
        }
        finally
        {
            completion.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => completion.Dispose();

    private UserDelegationKey? Current() =>
        Volatile.Read(ref kept) is { } current && time.GetUtcNow() + MinimumLeft <= current.ExpiresOn ? current.Key : null;

    private async Task<UserDelegationKey> RenewAsync(CancellationToken cancellation)
    {
        var expiresOn = time.GetUtcNow() + Lifetime;
        // No start time: the service begins at its own now.
        var key = (await service.GetUserDelegationKeyAsync(startsOn: null, expiresOn: expiresOn, cancellationToken: cancellation)).Value;
        Volatile.Write(ref kept, new Kept(key, key.SignedExpiresOn));
        return key;
    }

    private sealed record Kept(UserDelegationKey Key, DateTimeOffset ExpiresOn);
}
