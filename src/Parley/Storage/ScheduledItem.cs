using Parley.Core;

namespace Parley.Storage;

/// <summary>Work that the timer finds at its minute: the values in the keys of its schedule row.</summary>
internal readonly record struct ScheduledItem
{
    /// <param name="tenant">The owner.</param>
    /// <param name="at">The time; the row is in the partition of its minute.</param>
    /// <param name="rowKey">The row's key in the table Schedule. It begins with the kind of work.</param>
    /// <param name="dueRowKey">The row's key in the table Due, if that is another: it lacks some revisions.</param>
    public ScheduledItem(TenantId tenant, DateTimeOffset at, string rowKey, string? dueRowKey = null)
    {
        Tenant = tenant;
        Minute = new DateTimeOffset(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero);
        RowKey = rowKey;
        DueRowKey = dueRowKey ?? rowKey;
    }

    public TenantId Tenant { get; }

    public DateTimeOffset Minute { get; }

    public string RowKey { get; }

    public string DueRowKey { get; }

    /// <summary>The beginning of both row keys, with its separator.</summary>
    public string Kind => RowKey[..(RowKey.IndexOf('|', StringComparison.Ordinal) + 1)];
}
