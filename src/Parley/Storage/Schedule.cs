using Azure;
using Azure.Data.Tables;
using Parley.Core;

namespace Parley.Storage;

/// <summary>
/// The rows by which timers find work at its minute, for all features. They are in two tables: Schedule, and Due, which
/// versions before 0.2.0 know. <see cref="ScheduleOptions.Write"/> names the table that new rows are written to. Rows
/// of both are read, and every row is marked and deleted where it was read
/// (docs/decisions/the-schedule-is-sharded-by-tenant.md).
/// </summary>
public sealed class Schedule(ParleyTables tables, ScheduleOptions options)
{
    /// <summary>
    /// By minute. Within a minute the rows of the two tables are not mixed, so that a tenant's rows are neighbours.
    /// </summary>
    private static readonly Comparer<ScheduledRow> Order = Comparer<ScheduledRow>.Create((left, right) =>
    {
        var minutes = ScheduleRowKeys.MinuteDigits(left.PartitionKey)
            .SequenceCompareTo(ScheduleRowKeys.MinuteDigits(right.PartitionKey));
        return minutes != 0 ? minutes
            : left.IsInDue != right.IsInDue ? right.IsInDue.CompareTo(left.IsInDue)
            : string.CompareOrdinal(left.RowKey, right.RowKey);
    });

    /// <summary>The table that rows are written to.</summary>
    internal TableClient WrittenTable => options.Write == ScheduleTable.Due ? tables.Due : tables.Schedule;

    /// <summary>The row of an item in <see cref="WrittenTable"/>.</summary>
    internal TableEntity RowOf(ScheduledItem item) => options.Write == ScheduleTable.Due
        ? new TableEntity(ScheduleRowKeys.DuePartition(item.Minute), item.DueRowKey)
        : new TableEntity(
            ScheduleRowKeys.SchedulePartition(item.Kind, item.Tenant.Number % options.Shards, item.Minute),
            item.RowKey);

    /// <summary>
    /// Deletes the rows of the items that an entity had before and has no more. In the table Due an item of another
    /// revision may have the same row, which stays then.
    /// </summary>
    internal Task DeleteReplacedAsync(
        IEnumerable<ScheduledItem> before, IEnumerable<ScheduledItem> after, CancellationToken cancellation)
    {
        return Task.WhenAll(
            before.ExceptBy(after.Select(KeyOf), KeyOf).Select(item => DeleteAsync(item, cancellation)));

        (string, string) KeyOf(ScheduledItem item)
        {
            var row = RowOf(item);
            return (row.PartitionKey, row.RowKey);
        }
    }

    /// <summary>Inserts or replaces the row of an item.</summary>
    internal Task WriteAsync(ScheduledItem item, CancellationToken cancellation) =>
        WrittenTable.UpsertEntityAsync(RowOf(item), TableUpdateMode.Replace, cancellation);

    /// <summary>Inserts or replaces rows, with one call for each minute of a tenant.</summary>
    internal Task WriteAllAsync(IEnumerable<ScheduledItem> items, CancellationToken cancellation) =>
        WrittenTable.UpsertAllAsync(items.Select(RowOf), cancellation);

    /// <summary>
    /// Deletes the row of an item. If it is in the other table, it stays: the timer finds at its minute that the entity
    /// has another revision, and deletes it.
    /// </summary>
    internal Task DeleteAsync(ScheduledItem item, CancellationToken cancellation)
    {
        var row = RowOf(item);
        return WrittenTable.DeleteEntityAsync(row.PartitionKey, row.RowKey, ETag.All, cancellation);
    }

    /// <summary>As <see cref="DeleteAsync"/>, with one call for each minute of a tenant.</summary>
    internal Task DeleteAllAsync(IEnumerable<ScheduledItem> items, CancellationToken cancellation) =>
        WrittenTable.DeleteAllAsync(items.Select(RowOf), cancellation);

    /// <summary>Reads all rows of a kind up to a minute, oldest minute first.</summary>
    /// <param name="kind">The beginning of the row keys, with its separator.</param>
    /// <param name="until">A time in the last minute.</param>
    /// <remarks>
    /// The ranges of all shards, and that of the table Due, are read side by side. At most one page of each is in
    /// memory.
    /// </remarks>
    internal IAsyncEnumerable<ScheduledRow> ReadDueAsync(
        string kind, DateTimeOffset until, CancellationToken cancellation)
    {
        var shards = Enumerable.Range(0, options.Shards).Select(shard => ReadAsync(
            tables.Schedule,
            Filters.Partitions(
                ScheduleRowKeys.SchedulePartitions(kind, shard),
                ScheduleRowKeys.SchedulePartition(kind, shard, until)),
            cancellation));
        var due = ReadAsync(tables.Due, Filters.Until(ScheduleRowKeys.DuePartition(until), kind), cancellation);
        return SortedMerge.MergeAsync([due, .. shards], Order, cancellation);
    }

    /// <summary>Reads rows of one partition of either table, from first to last, both included.</summary>
    internal IAsyncEnumerable<ScheduledRow> ReadRangeAsync(
        string partitionKey, string first, string last, CancellationToken cancellation) =>
        ReadAsync(TableOf(partitionKey), Filters.Range(partitionKey, first, last), cancellation);

    /// <summary>Merges properties into a row, unless it was written again since it was read.</summary>
    /// <exception cref="RequestFailedException">It was written again or deleted, or storage failed.</exception>
    internal Task MarkAsync(ScheduledRow row, TableEntity mark, CancellationToken cancellation) =>
        TableOf(row.PartitionKey).UpdateEntityAsync(mark, row.ETag, TableUpdateMode.Merge, cancellation);

    /// <summary>As <see cref="MarkAsync"/>, for at most a hundred rows of one partition: all, or none.</summary>
    internal Task MarkAllAsync(
        IReadOnlyCollection<(ScheduledRow Row, TableEntity Mark)> marks, CancellationToken cancellation) =>
        TableOf(marks.First().Row.PartitionKey).SubmitAsync(
            [
                .. marks.Select(one => new TableTransactionAction(
                    TableTransactionActionType.UpdateMerge, one.Mark, one.Row.ETag)),
            ],
            cancellation);

    /// <summary>Deletes a row, unless it was written again since it was read.</summary>
    internal Task DropAsync(ScheduledRow row, CancellationToken cancellation) =>
        TableOf(row.PartitionKey).DropAsync(row.PartitionKey, row.RowKey, row.ETag, cancellation);

    /// <summary>Deletes rows with any ETag: their entities have later revisions, so nothing needs them.</summary>
    internal Task DeleteAllAsync(IEnumerable<ScheduledRow> rows, CancellationToken cancellation) =>
        Task.WhenAll(rows.GroupBy(row => row.IsInDue).Select(group => TableOf(group.First().PartitionKey)
            .DeleteAllAsync(group.Select(row => row.Entity), cancellation)));

    /// <summary>
    /// Deletes a row without an entity of its revision, unless it is so young that the entity may still be written.
    /// </summary>
    /// <param name="row">The row.</param>
    /// <param name="writtenAt">The time of its first write, by storage's clock.</param>
    /// <param name="now">The current time.</param>
    internal Task DropIfStaleAsync(
        ScheduledRow row, DateTimeOffset writtenAt, DateTimeOffset now, CancellationToken cancellation) =>
        TableOf(row.PartitionKey).DropIfStaleAsync(
            row.PartitionKey, row.RowKey, row.ETag, writtenAt, now, cancellation);

    private TableClient TableOf(string partitionKey) =>
        ScheduleRowKeys.IsInDue(partitionKey) ? tables.Due : tables.Schedule;

    private static IAsyncEnumerable<ScheduledRow> ReadAsync(
        TableClient table, string filter, CancellationToken cancellation) =>
        table.QueryAsync<TableEntity>(filter, cancellationToken: cancellation).Select(row => new ScheduledRow(row));
}
