using Parley.Core;

namespace Parley.Exports;

/// <summary>The time range of an export, half-open.</summary>
/// <param name="Start">The first time in the range.</param>
/// <param name="End">The first time after the range; never in the future.</param>
/// <param name="InvalidReason">The invalid field and the reason; null for a valid range.</param>
public readonly record struct ExportRange(
    DateTimeOffset Start,
    DateTimeOffset End,
    (string Field, string Text)? InvalidReason)
{
    /// <summary>The longest range, in calendar months (UTC).</summary>
    public const int MaxMonths = 6;

    /// <summary>Completes and checks the range of a request.</summary>
    /// <param name="start">Null means <see cref="MaxMonths"/> before the end.</param>
    /// <param name="end">Null or a future time means <paramref name="now"/>.</param>
    public static ExportRange Of(DateTimeOffset? start, DateTimeOffset? end, DateTimeOffset now)
    {
        // Message times have whole milliseconds, so a range with both ends rounded up contains the same messages.
        var until = end is { } given && given < now ? given.UpToMillisecond() : now;
        var earliest = until.Year > Timestamps.Earliest.Year ? until.AddMonths(-MaxMonths) : Timestamps.Earliest;
        var from = start?.UpToMillisecond() ?? earliest;
        if (from > until)
        {
            var text = end is null || end > now ? "Must not be in the future." : "Must not be after rangeEnd.";
            return new ExportRange(from, until, ("rangeStart", text));
        }

        return new ExportRange(
            from,
            until,
            from < earliest
                ? ("rangeStart", $"Must be at most {MaxMonths} calendar months before the end of the range.")
                : null);
    }
}
