using System.Diagnostics.CodeAnalysis;

namespace Parley.Tenants;

/// <summary>
/// A bounded memory of texts with a value: a full set is the older half of the memory from then on, and the older half
/// is forgotten. So an entry that is set again stays, whatever else is remembered. Thread-safe.
/// </summary>
/// <param name="maxInHalf">At most twice this number of entries is kept.</param>
internal sealed class RecentEntries<T>(int maxInHalf)
    where T : notnull
{
    private readonly Lock gate = new();
    private Dictionary<string, T> newer = new(StringComparer.Ordinal);
    private Dictionary<string, T> older = [];

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

    public void Set(string key, T value)
    {
        lock (gate)
        {
            if (newer.Count >= maxInHalf && !newer.ContainsKey(key))
            {
                (older, newer) = (newer, new(StringComparer.Ordinal));
            }

            newer[key] = value;
            older.Remove(key);
        }
    }

    public bool TryGet(string key, [MaybeNullWhen(false)] out T value)
    {
        lock (gate)
        {
            return newer.TryGetValue(key, out value) || older.TryGetValue(key, out value);
        }
    }

    public void Remove(string key)
    {
        lock (gate)
        {
            newer.Remove(key);
            older.Remove(key);
        }
    }
}
