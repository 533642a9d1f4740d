namespace Parley.Tenants;

/// <summary>
/// Remembers the hashes of refused keys for some seconds, so that a client that repeats one does not load storage.
/// Thread-safe.
/// </summary>
internal sealed class RefusedKeys(TimeProvider time)
{
    /// <summary>The time for which a hash is refused without a look at storage.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(10);

    /// <summary>At most twice this number of hashes is kept.</summary>
    public const int MaxInHalf = 5_000;

    private readonly RecentEntries<long> hashes = new(MaxInHalf);

    public int Count => hashes.Count;

    public void Add(string hash) => hashes.Set(hash, time.GetTimestamp());

    public bool Contains(string hash) => hashes.TryGet(hash, out var at) && time.GetElapsedTime(at) < KeptFor;
}
