using System.Globalization;

namespace Parley.Storage;

/// <summary>Partition keys of the schedule table (<c>Due</c>): one partition per minute (UTC).</summary>
internal static class ScheduleRowKeys
{
    private const string MinuteFormat = "yyyyMMddHHmm";

    /// <summary>The partition of the items to process at this minute.</summary>
    public static string SchedulePartition(DateTimeOffset minute) =>
        minute.UtcDateTime.ToString(MinuteFormat, CultureInfo.InvariantCulture);

    /// <summary>Parses a key of <see cref="SchedulePartition"/>.</summary>
    public static DateTimeOffset ReadSchedulePartition(string partitionKey) =>
        DateTimeOffset.ParseExact(
            partitionKey, MinuteFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
