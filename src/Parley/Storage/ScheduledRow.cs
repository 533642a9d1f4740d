using Azure;
using Azure.Data.Tables;

namespace Parley.Storage;

/// <summary>A schedule row as it was read from one of the two tables.</summary>
internal sealed record ScheduledRow(TableEntity Entity)
{
    public string PartitionKey => Entity.PartitionKey;

    public string RowKey => Entity.RowKey;

    public ETag ETag => Entity.ETag;

    /// <summary>The last write, by storage's clock. A mark is a write.</summary>
    public DateTimeOffset Timestamp => Entity.Timestamp!.Value;

    public DateTimeOffset Minute => ScheduleRowKeys.ReadMinute(PartitionKey);

    /// <summary>True for a row of the table Due.</summary>
    public bool IsInDue => ScheduleRowKeys.IsInDue(PartitionKey);

    /// <summary>
    /// True for the row of this item, in the form of the row's table. Rows of earlier revisions and of other minutes
    /// are rows of other items.
    /// </summary>
    public bool IsOf(ScheduledItem item) =>
        Minute == item.Minute && RowKey == (IsInDue ? item.DueRowKey : item.RowKey);
}
