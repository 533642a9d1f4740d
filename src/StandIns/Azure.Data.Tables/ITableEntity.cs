namespace Azure.Data.Tables;

/// <summary>A row of a table. The two keys together are its identity.</summary>
public interface ITableEntity
{
    /// <summary>The partition, up to 1,024 characters. A transaction stays within one partition.</summary>
    string PartitionKey { get; set; }

    /// <summary>The row's name within its partition, up to 1,024 characters.</summary>
    string RowKey { get; set; }

    /// <summary>When the service last wrote the row. Set by the service; ignored on writes.</summary>
    DateTimeOffset? Timestamp { get; set; }

    /// <summary>The row's version as it was read.</summary>
    ETag ETag { get; set; }
}
