namespace Parley.Testing.TableService;

/// <summary>
/// A table: partitions and their rows in ordinal key order ("Query Entities": sorted by PartitionKey, then RowKey).
/// </summary>
internal sealed class Table(string name)
{
    private readonly SortedItems<Partition> partitions = new(partition => partition.Key);

    /// <summary>The name as it was created; names are compared without regard to case.</summary>
    public string Name { get; } = name;

    /// <summary>Held while a request is carried out.</summary>
    public Lock Gate { get; } = new();

    public Row? Find(string partitionKey, string rowKey) => partitions.Find(partitionKey)?.Rows.Find(rowKey);

    public void Put(Row row)
    {
        var partition = partitions.Find(row.PartitionKey);
        if (partition is null)
        {
            partitions.Put(partition = new Partition(row.PartitionKey));
        }

        partition.Rows.Put(row);
    }

    public void Remove(string partitionKey, string rowKey)
    {
        var rows = partitions.Find(partitionKey)!.Rows;
        rows.Remove(rowKey);
        if (rows.IsEmpty)
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
            return after <= 0 && partitions.Find(onlyPartition) is { } only ? only.Rows.From(after < 0 ? "" : rowKey) : [];
        }

        return partitions.From(partitionKey).SelectMany(partition => partition.Rows.From(partition.Key == partitionKey ? rowKey : ""));
    }

    private sealed class Partition(string key)
    {
        public string Key { get; } = key;

        public SortedItems<Row> Rows { get; } = new(row => row.RowKey);
    }
}
