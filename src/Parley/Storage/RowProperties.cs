using Azure.Data.Tables;

namespace Parley.Storage;

/// <summary>Separates a row's own properties from its keys and from those that the service adds.</summary>
internal static class RowProperties
{
    /// <summary>The properties that were written: without keys, ETag and time stamp, and without null values.</summary>
    public static IEnumerable<KeyValuePair<string, object>> StoredProperties(this TableEntity row) => row.Where(property =>
        property is { Value: not null, Key: not ("PartitionKey" or "RowKey" or "Timestamp" or "odata.etag") });
}
