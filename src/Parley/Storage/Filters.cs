using System.Globalization;
using System.Text;
using Azure.Data.Tables;

namespace Parley.Storage;

/// <summary>Every OData filter comes from here: values are escaped by the client library, and no filter has more comparisons than Azure takes.</summary>
public static class Filters
{
    /// <summary>
    /// The Table service refuses a filter with more comparisons ("Query timeout and pagination" and "Querying tables and entities",
    /// Table service REST reference). Azurite does not.
    /// </summary>
    public const int MaxComparisons = 15;

    /// <summary>The most rows of one answer ("Query timeout and pagination", Table service REST reference).</summary>
    public const int MaxPerCall = 1000;

    /// <summary>How many rows of one partition one filter can name: one comparison goes to the partition.</summary>
    public const int MaxRowKeys = MaxComparisons - 1;

    /// <summary>The rows of one partition with keys from <paramref name="first"/> to <paramref name="last"/>, both included.</summary>
    public static string Range(string partitionKey, string first, string last) =>
        TableClient.CreateQueryFilter($"PartitionKey eq {partitionKey} and RowKey ge {first} and RowKey le {last}");

    /// <summary>The rows of one partition with keys after <paramref name="after"/> and before <paramref name="end"/>, both excluded.</summary>
    public static string Between(string partitionKey, string after, string end) =>
        TableClient.CreateQueryFilter($"PartitionKey eq {partitionKey} and RowKey gt {after} and RowKey lt {end}");

    /// <summary>The rows of all partitions up to <paramref name="partitionKey"/>, it included, with keys that begin with <paramref name="start"/>.</summary>
    public static string Until(string partitionKey, string start) =>
        TableClient.CreateQueryFilter($"PartitionKey le {partitionKey} and RowKey gt {start} and RowKey lt {KeyParts.EndOf(start)}");

    /// <summary>What both filters take. Of properties other than the keys the service looks at every row of the range.</summary>
    public static string And(string filter, string other) => $"({filter}) and ({other})";

    /// <summary>Up to <see cref="MaxRowKeys"/> rows of one partition, by key.</summary>
    public static string Rows(string partitionKey, IReadOnlyCollection<string> rowKeys)
    {
        ArgumentOutOfRangeException.ThrowIfZero(rowKeys.Count, nameof(rowKeys));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rowKeys.Count, MaxRowKeys, nameof(rowKeys));
        var filter = new StringBuilder(TableClient.CreateQueryFilter($"PartitionKey eq {partitionKey}"));
        var separator = " and (";
        foreach (var rowKey in rowKeys)
        {
            filter.Append(CultureInfo.InvariantCulture, $"{separator}{TableClient.CreateQueryFilter($"RowKey eq {rowKey}")}");
            separator = " or ";
        }

        return filter.Append(')').ToString();
    }
}
