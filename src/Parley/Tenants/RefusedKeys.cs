namespace Parley.Tenants;

/// <summary>
/// Remembers the hashes of refused keys for some seconds, so that a client that repeats one does not load storage. The
/// number of hashes is bounded: a full set is the older half of the memory from then on, and the older half is
/// forgotten. Thread-safe.
/// </summary>
internal sealed class RefusedKeys(TimeProvider time)
{
    /// <summary>The time for which a hash is refused without a look at storage.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(10);

    /// <summary>At most twice this number of hashes is kept.</summary>
    public const int MaxInHalf = 5_000;

    private readonly Lock gate = new();
    private Dictionary<string, long> newer = new(StringComparer.Ordinal);
    private Dictionary<string, long> older = [];

    public int Count
    {
        get
        {
            lock (gate)
            {
                return newer.Count + older.Count;
            }
        }
    }

    public void Add(string hash)
    {
        lock (gate)
        {
            if (newer.Count >= MaxInHalf)
            {
                (older, newer) = (newer, new(StringComparer.Ordinal));
            }

            newer[hash] = time.GetTimestamp();
        }
    }

    public bool Contains(string hash)
    {
        lock (gate)
        {
            return (newer.TryGetValue(hash, out var at) || older.TryGetValue(hash, out at))
                && time.GetElapsedTime(at) < KeptFor;
        }
    }
}
