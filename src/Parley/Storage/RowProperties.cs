using Azure.Data.Tables;

namespace Parley.Storage;

internal static class RowProperties
{
    /// <summary>The written properties: without keys, ETag and time stamp, and without null values.</summary>
    public static IEnumerable<KeyValuePair<string, object>> StoredProperties(this TableEntity row) =>
        row.Where(property => property is
        {
            Value: not null,
            Key: not ("PartitionKey" or "RowKey" or "Timestamp" or "odata.etag"),
        });
}
