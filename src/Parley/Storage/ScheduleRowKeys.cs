using System.Globalization;

namespace Parley.Storage;

/// <summary>Keys of the table Due: a partition for each minute (UTC).</summary>
internal static class ScheduleRowKeys
{
    private const string MinuteFormat = "yyyyMMddHHmm";

    /// <summary>A partition of the table Due: the minute at which the sweep should look.</summary>
    public static string SchedulePartition(DateTimeOffset minute) => minute.UtcDateTime.ToString(MinuteFormat, CultureInfo.InvariantCulture);

    /// <summary>The minute of a key of <see cref="SchedulePartition"/>.</summary>
    public static DateTimeOffset ReadSchedulePartition(string partitionKey) =>
        DateTimeOffset.ParseExact(partitionKey, MinuteFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
