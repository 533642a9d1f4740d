namespace Parley.Testing.TableService;

/// <summary>
/// A table: partitions and their rows in ordinal key order ("Query Entities": sorted by PartitionKey, then RowKey).
/// </summary>
internal sealed class Table(string name)
{
    private readonly SortedList<string, List<Row>> partitions = new(StringComparer.Ordinal);

    /// <summary>The name as it was created; names are compared without regard to case.</summary>
    public string Name { get; } = name;

    public Row? Find(string partitionKey, string rowKey)
    {
        if (!partitions.TryGetValue(partitionKey, out var rows))
        {
            return null;
        }

        var index = IndexOf(rows, rowKey);
        return index < 0 ? null : rows[index];
    }

    public void Put(Row row)
    {
        if (!partitions.TryGetValue(row.PartitionKey, out var rows))
        {
            partitions.Add(row.PartitionKey, rows = []);
        }

        var index = IndexOf(rows, row.RowKey);
        if (index < 0)
        {
            rows.Insert(~index, row);
        }
        else
        {
            rows[index] = row;
        }
    }

    public void Remove(string partitionKey, string rowKey)
    {
        var rows = partitions[partitionKey];
        rows.RemoveAt(IndexOf(rows, rowKey));
        if (rows.Count == 0)
        {
            partitions.Remove(partitionKey);
        }
    }

    /// <summary>The rows from a position on; only those of <paramref name="onlyPartition"/> when it is set.</summary>
    public IEnumerable<Row> From(string partitionKey, string rowKey, string? onlyPartition)
    {
        if (onlyPartition is not null)
        {
            var after = string.CompareOrdinal(partitionKey, onlyPartition);
            return after <= 0 && partitions.TryGetValue(onlyPartition, out var only) ? FromRow(only, after < 0 ? "" : rowKey) : [];
        }

        return FromPartition(partitionKey, rowKey);
    }

    private static IEnumerable<Row> FromRow(List<Row> rows, string rowKey)
    {
        var start = rowKey.Length == 0 ? 0 : IndexOf(rows, rowKey);
        for (var i = start < 0 ? ~start : start; i < rows.Count; i++)
        {
            yield return rows[i];
        }
    }

    private static int IndexOf(List<Row> rows, string rowKey)
    {
        // Messages are appended in the order of their numbers, so the end of the list is checked first.
        if (rows.Count > 0 && string.CompareOrdinal(rows[^1].RowKey, rowKey) < 0)
        {
            return ~rows.Count;
        }

        var (low, high) = (0, rows.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            switch (string.CompareOrdinal(rows[middle].RowKey, rowKey))
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

    private IEnumerable<Row> FromPartition(string partitionKey, string rowKey)
    {
        var keys = partitions.Keys;
        for (var i = 0; i < keys.Count; i++)
        {
            var order = string.CompareOrdinal(keys[i], partitionKey);
            if (order < 0)
            {
                continue;
            }

            foreach (var row in FromRow(partitions.Values[i], order == 0 ? rowKey : ""))
            {
                yield return row;
            }
        }
    }
}
