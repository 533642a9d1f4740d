namespace Parley.Tenants;

/// <summary>
/// Remembers refused credentials for some seconds, so that a client that repeats one does not load storage.
/// Thread-safe.
/// </summary>
internal sealed class RefusedCredentials(TimeProvider time)
{
    /// <summary>The time for which a credential is refused without a read of storage.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(10);

    /// <summary>At most twice this number of credentials is kept.</summary>
    public const int MaxInHalf = 5_000;

    private readonly RecentEntries<Credential, long> entries = new(MaxInHalf);

    public int Count => entries.Count;

    public void Add(Credential credential) => entries.Set(credential, time.GetTimestamp());

    public bool Contains(Credential credential) =>
        entries.TryGet(credential, out var at) && time.GetElapsedTime(at) < KeptFor;
}
