namespace Parley.Testing.TableService;

/// <summary>
/// Items in ordinal order of their keys. They are kept in chunks, so that an item among a million is inserted or
/// removed without moving the others.
/// </summary>
internal sealed class SortedItems<T>(Func<T, string> keyOf)
    where T : class
{
    private const int MaxChunk = 512;
    private readonly List<List<T>> chunks = [];

    public bool IsEmpty => chunks.Count == 0;

    public T? Find(string key)
    {
        var chunk = ChunkOf(key);
        var index = chunk < 0 ? -1 : IndexOf(chunks[chunk], key);
        return index < 0 ? null : chunks[chunk][index];
    }

    /// <summary>Adds an item, or replaces that with the same key.</summary>
    public void Put(T item)
    {
        var key = keyOf(item);
        var at = Math.Max(0, ChunkOf(key));
        if (chunks.Count == 0)
        {
            chunks.Add([]);
        }

        var chunk = chunks[at];
        var index = IndexOf(chunk, key);
        if (index >= 0)
        {
            chunk[index] = item;
            return;
        }

        index = ~index;
        if (chunk.Count < MaxChunk)
        {
            chunk.Insert(index, item);
        }
        else if (index == chunk.Count)
        {
            // Rows are mostly appended, so a full chunk stays full.
            chunks.Insert(at + 1, [item]);
        }
        else
        {
            const int Half = MaxChunk / 2;
            chunks.Insert(at + 1, chunk.GetRange(Half, MaxChunk - Half));
            chunk.RemoveRange(Half, MaxChunk - Half);
            (index <= Half ? chunk : chunks[at + 1]).Insert(index <= Half ? index : index - Half, item);
        }
    }

    public void Remove(string key)
    {
        var at = ChunkOf(key);
        chunks[at].RemoveAt(IndexOf(chunks[at], key));
        if (chunks[at].Count == 0)
        {
            chunks.RemoveAt(at);
        }
    }

    /// <summary>The items from a key on. The items must not change meanwhile.</summary>
    public IEnumerable<T> From(string key)
    {
        var first = Math.Max(0, ChunkOf(key));
        for (var at = first; at < chunks.Count; at++)
        {
            var index = at == first ? IndexOf(chunks[at], key) : 0;
            for (index = index < 0 ? ~index : index; index < chunks[at].Count; index++)
            {
                yield return chunks[at][index];
            }
        }
    }

    /// <summary>The last chunk whose first key is not greater; -1 when there is none.</summary>
    private int ChunkOf(string key)
    {
        var (low, high) = (0, chunks.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            if (string.CompareOrdinal(keyOf(chunks[middle][0]), key) <= 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return high;
    }

    private int IndexOf(List<T> chunk, string key)
    {
        var (low, high) = (0, chunk.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            switch (string.CompareOrdinal(keyOf(chunk[middle]), key))
            {
                case 0:
                    return middle;
                case < 0:
                    low = middle + 1;
                    break;
                default:
                    high = middle - 1;
                    break;
            }
        }

        return ~low;
    }
}
