using Parley.Core;

namespace Parley.Exports;

/// <summary>The time range of an export, half-open.</summary>
/// <param name="Start">The first time in it.</param>
/// <param name="End">The first time after it; never in the future.</param>
/// <param name="InvalidReason">Which field is wrong, and why; null when nothing is.</param>
public readonly record struct ExportRange(DateTimeOffset Start, DateTimeOffset End, (string Field, string Text)? InvalidReason)
{
    /// <summary>The longest range, in calendar months (UTC).</summary>
    public const int MaxMonths = 6;

    /// <summary>What a client's times mean now.</summary>
    /// <param name="start">Null for <see cref="MaxMonths"/> before the end.</param>
    /// <param name="end">Null, or in the future, for now.</param>
    /// <param name="now">Now.</param>
    public static ExportRange Of(DateTimeOffset? start, DateTimeOffset? end, DateTimeOffset now)
    {
        // A message's time has whole milliseconds: the range has the same messages with both ends moved up to one.
        var until = end is { } given && given < now ? given.UpToMillisecond() : now;
        var earliest = until.Year > Timestamps.Earliest.Year ? until.AddMonths(-MaxMonths) : Timestamps.Earliest;
        var from = start?.UpToMillisecond() ?? earliest;
        return new ExportRange(
            from,
            until,
            from > until ? ("rangeStart", end is null || end > now ? "Must not be in the future." : "Must not be after rangeEnd.")
            : from < earliest ? ("rangeStart", $"Must be at most {MaxMonths} calendar months before the end of the range.")
            : null);
    }
}
