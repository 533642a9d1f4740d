using System.Text;
using Azure.Data.Tables;

namespace Parley.Storage;

/// <summary>
/// Creates all OData filters: the client library escapes the values, and no filter has more comparisons than Azure
/// accepts.
/// </summary>
public static class Filters
{
    /// <summary>
    /// The Table service rejects a filter with more comparisons ("Query timeout and pagination" and "Querying tables
    /// and entities", Table service REST reference). Azurite does not.
    /// </summary>
    public const int MaxComparisons = 15;

    /// <summary>Maximum rows of one response ("Query timeout and pagination", Table service REST reference).</summary>
    public const int MaxPerCall = 1000;

    /// <summary>Maximum row keys in one filter: one comparison is needed for the partition key.</summary>
    public const int MaxRowKeys = MaxComparisons - 1;

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

    /// <summary>1 to <see cref="MaxRowKeys"/> rows of one partition.</summary>
    public static string Rows(string partitionKey, IReadOnlyCollection<string> rowKeys)
    {
        ArgumentOutOfRangeException.ThrowIfZero(rowKeys.Count, nameof(rowKeys));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rowKeys.Count, MaxRowKeys, nameof(rowKeys));
        var filter = new StringBuilder(TableClient.CreateQueryFilter($"PartitionKey eq {partitionKey}"));
        var separator = " and (";
        foreach (var rowKey in rowKeys)
        {
            filter.Append(separator).Append(TableClient.CreateQueryFilter($"RowKey eq {rowKey}"));
            separator = " or ";
        }

        return filter.Append(')').ToString();
    }
}
