using System.Diagnostics.CodeAnalysis;

namespace Parley.Tenants;

/// <summary>
/// A bounded memory of keys with a value: a full set is the older half of the memory from then on, and the older half
/// is forgotten. So an entry that is set again stays, whatever else is remembered. Thread-safe.
/// </summary>
/// <param name="maxInHalf">At most twice this number of entries is kept.</param>
internal sealed class RecentEntries<TKey, T>(int maxInHalf)
    where TKey : notnull
    where T : notnull
{
    private readonly Lock gate = new();
    private Dictionary<TKey, T> newer = [];
    private Dictionary<TKey, T> older = [];

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

    public void Set(TKey key, T value)
    {
        lock (gate)
        {
            if (newer.Count >= maxInHalf && !newer.ContainsKey(key))
            {
                (older, newer) = (newer, []);
            }

            newer[key] = value;
            older.Remove(key);
        }
    }

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out T value)
    {
        lock (gate)
        {
            return newer.TryGetValue(key, out value) || older.TryGetValue(key, out value);
        }
    }

    public void Remove(TKey key)
    {
        lock (gate)
        {
            newer.Remove(key);
            older.Remove(key);
        }
    }
}
