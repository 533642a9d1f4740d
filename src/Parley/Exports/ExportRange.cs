using System.Globalization;
using Parley.Core;

namespace Parley.Exports;

/// <summary>The time range of an export, half-open.</summary>
/// <param name="Start">The first time in the range; <see cref="Timestamps.Earliest"/> for everything.</param>
/// <param name="End">The first time after the range; never in the future.</param>
/// <param name="InvalidReason">The invalid field and the reason; null for a valid range.</param>
public readonly record struct ExportRange(
    DateTimeOffset Start,
    DateTimeOffset End,
    (string Field, string Text)? InvalidReason)
{
    /// <summary>Completes and checks the range of a request.</summary>
    /// <param name="start">Null means everything up to the end.</param>
    /// <param name="end">Null or a future time means <paramref name="now"/>.</param>
    /// <param name="now">The current time.</param>
    /// <param name="maxMonths">The longest range, in calendar months (UTC); null for no limit.</param>
    public static ExportRange Of(DateTimeOffset? start, DateTimeOffset? end, DateTimeOffset now, int? maxMonths)
    {
        // Message times have whole milliseconds, so a range with both ends rounded up contains the same messages.
        var until = end is { } given && given < now ? given.UpToMillisecond() : now;
        var from = start?.UpToMillisecond() ?? Timestamps.Earliest;
        if (from > until)
        {
            var text = end is null || end > now ? "Must not be in the future." : "Must not be after rangeEnd.";
            return new ExportRange(from, until, ("rangeStart", text));
        }

        return new ExportRange(
            from,
            until,
            maxMonths is { } months && EarliestOf(until, months) is var earliest && from < earliest
                ? ("rangeStart", TooLong(start is null, end <= now ? earliest : WithMargin(earliest), months))
                : null);
    }

    /// <summary>
    /// A range up to now ends later in the next request, so a time that is still accepted then is a few minutes after
    /// the earliest one: a full minute, at least five minutes later.
    /// </summary>
    private static DateTimeOffset WithMargin(DateTimeOffset earliest)
    {
        var later = earliest.AddMinutes(6);
        return later.AddTicks(-(later.Ticks % TimeSpan.TicksPerMinute));
    }

    private static DateTimeOffset EarliestOf(DateTimeOffset until, int months) =>
        until < Timestamps.Earliest.AddMonths(months) ? Timestamps.Earliest : until.AddMonths(-months);

    private static string TooLong(bool isAbsent, DateTimeOffset earliest, int months)
    {
        var first = earliest.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        var longest = months == 1 ? "1 calendar month" : $"{months} calendar months";
        var limit = $"{ExportOptions.MaxRangeName} allows a range of {longest}";
        return isAbsent
            ? $"Is required, because {limit}. Send {first} or later."
            : $"Must be {first} or later: {limit}.";
    }
}
