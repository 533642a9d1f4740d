using Azure.Data.Tables;

namespace Parley.Storage;

/// <summary>
/// Creates all OData filters: the client library escapes the values. None names several row keys, because the service
/// would read the whole partition for it.
/// </summary>
public static class Filters
{
    /// <summary>Maximum rows of one response ("Query timeout and pagination", Table service REST reference).</summary>
    public const int MaxPerCall = 1000;

    /// <summary>Row keys of one partition, from first to last, both included.</summary>
    public static string Range(string partitionKey, string first, string last) =>
        TableClient.CreateQueryFilter($"PartitionKey eq {partitionKey} and RowKey ge {first} and RowKey le {last}");

    /// <summary>Row keys of one partition, between two keys, both excluded.</summary>
    public static string Between(string partitionKey, string after, string end) =>
        TableClient.CreateQueryFilter($"PartitionKey eq {partitionKey} and RowKey gt {after} and RowKey lt {end}");

    /// <summary>Row keys that begin with <paramref name="start"/>, in all partitions up to and including one.</summary>
    public static string Until(string partitionKey, string start) =>
        TableClient.CreateQueryFilter(
            $"PartitionKey le {partitionKey} and RowKey gt {start} and RowKey lt {KeyParts.EndOf(start)}");

    /// <summary>All rows of the partitions from first to last, both included.</summary>
    public static string Partitions(string first, string last) =>
        TableClient.CreateQueryFilter($"PartitionKey ge {first} and PartitionKey le {last}");

    /// <summary>
    /// Rows that match both filters. To compare properties other than the keys, the service reads every row of the key
    /// range.
    /// </summary>
    public static string And(string filter, string other) => $"({filter}) and ({other})";
}
