using System.Globalization;

namespace Parley.Storage;

/// <summary>
/// Partition keys of schedule rows: <c>{kind}|{shard}|{minute}</c> in the table Schedule, <c>{minute}</c> in the table
/// Due. Features define the row keys, which begin with the kind.
/// </summary>
internal static class ScheduleRowKeys
{
    private const string MinuteFormat = "yyyyMMddHHmm";

    /// <summary>A partition of the table Due: the work of all tenants at this minute.</summary>
    public static string DuePartition(DateTimeOffset minute) =>
        minute.UtcDateTime.ToString(MinuteFormat, CultureInfo.InvariantCulture);

    /// <summary>A partition of the table Schedule: a kind of work at this minute, of one tenant in sixteen.</summary>
    /// <param name="kind">The beginning of the row keys, with its separator, as <c>f|</c>.</param>
    public static string SchedulePartition(string kind, int shard, DateTimeOffset minute) =>
        SchedulePartitions(kind, shard) + DuePartition(minute);

    /// <summary>The prefix of the partitions of a kind and a shard.</summary>
    public static string SchedulePartitions(string kind, int shard) =>
        string.Create(CultureInfo.InvariantCulture, $"{kind}{shard:x}|");

    /// <summary>True for a partition of the table Due, false for one of the table Schedule.</summary>
    public static bool IsInDue(string partitionKey) => !partitionKey.Contains('|', StringComparison.Ordinal);

    /// <summary>The digits of the minute, which sort as minutes do, of a partition of either table.</summary>
    public static ReadOnlySpan<char> MinuteDigits(string partitionKey) => partitionKey.AsSpan()[^MinuteFormat.Length..];

    /// <summary>Parses the minute of a partition of either table.</summary>
    public static DateTimeOffset ReadMinute(string partitionKey) => DateTimeOffset.ParseExact(
        MinuteDigits(partitionKey), MinuteFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
