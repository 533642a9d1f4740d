using System.Globalization;

namespace Parley.Core;

/// <summary>Reads times that clients send, in every spelling of RFC 3339, section 5.6.</summary>
public static class Rfc3339
{
    private const int MaxFractionDigits = 7;
    private const int MinutesOfDay = 24 * 60;

    // DateTimeOffset has no larger offsets.
    private const int MaxOffsetMinutes = 14 * 60;

    // The shortest time is 2026-01-31T12:00Z, and its offset begins here at the earliest.
    private const int DateTimeLength = 16;

    /// <summary>
    /// Reads a time with its offset. <c>T</c> and <c>Z</c> may be in lower case, and a space may replace <c>T</c>. A
    /// fraction may have any number of digits; digits beyond 100 ns are dropped. Seconds, and the minutes of an offset,
    /// may be left out (ISO 8601). Offsets are up to 23:59; <c>-00:00</c> is UTC. A leap second is accepted at 23:59:60
    /// UTC of any day and is the first second of the next day, as in the formula of POSIX ("Seconds Since the Epoch").
    /// </summary>
    /// <param name="text">The time, without white space around it.</param>
    /// <param name="time">
    /// The time with its own offset, or in UTC when the offset is beyond 14 hours.
    /// </param>
    /// <returns>False also for times outside the years 1 to 9999 in UTC.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out DateTimeOffset time)
    {
        time = default;
        if (!TryReadMinute(text, out var local)
            || !TryReadSeconds(text[DateTimeLength..], out var second, out var fraction, out var zone)
            || !TryReadOffset(zone, out var offset))
        {
            return false;
        }

        var minuteOfDay = (local.TimeOfDay.TotalMinutes - offset + MinutesOfDay) % MinutesOfDay;
        if (second == 60 && minuteOfDay < MinutesOfDay - 1)
        {
            return false;
        }

        var ticks = local.Ticks + (second * TimeSpan.TicksPerSecond) + fraction;
        var utc = ticks - (offset * TimeSpan.TicksPerMinute);
        if (utc < 0 || utc > DateTime.MaxValue.Ticks)
        {
            return false;
        }

        time = Math.Abs(offset) <= MaxOffsetMinutes
            ? new DateTimeOffset(ticks, TimeSpan.FromMinutes(offset))
            : new DateTimeOffset(utc, TimeSpan.Zero);
        return true;
    }

    private static bool TryReadMinute(ReadOnlySpan<char> text, out DateTime minute)
    {
        minute = default;
        if (text.Length <= DateTimeLength
            || text[4] != '-'
            || text[7] != '-'
            || text[10] is not ('T' or 't' or ' ')
            || text[13] != ':'
            || !TryReadNumber(text[..4], 1, 9999, out var year)
            || !TryReadNumber(text[5..7], 1, 12, out var month)
            || !TryReadNumber(text[8..10], 1, DateTime.DaysInMonth(year, month), out var day)
            || !TryReadNumber(text[11..13], 0, 23, out var hour)
            || !TryReadNumber(text[14..16], 0, 59, out var minutes))
        {
            return false;
        }

        minute = new DateTime(year, month, day, hour, minutes, 0);
        return true;
    }

    private static bool TryReadSeconds(
        ReadOnlySpan<char> text, out int second, out long fraction, out ReadOnlySpan<char> rest)
    {
        (second, fraction) = (0, 0);
        rest = text;
        if (text[0] != ':')
        {
            return true;
        }

        if (text.Length < 3 || !TryReadNumber(text[1..3], 0, 60, out second))
        {
            return false;
        }

        rest = text[3..];
        if (rest is not ['.', ..])
        {
            return true;
        }

        var digits = rest[1..];
        var count = digits.IndexOfAnyExceptInRange('0', '9');
        digits = count < 0 ? digits : digits[..count];
        rest = rest[(1 + digits.Length)..];
        for (var i = 0; i < MaxFractionDigits; i++)
        {
            fraction = (fraction * 10) + (i < digits.Length ? digits[i] - '0' : 0);
        }

        return digits.Length > 0;
    }

    private static bool TryReadOffset(ReadOnlySpan<char> text, out int offset)
    {
        offset = 0;
        if (text is ['Z' or 'z'])
        {
            return true;
        }

        var minutes = 0;
        if (text is not (['+' or '-', _, _] or ['+' or '-', _, _, ':', _, _])
            || !TryReadNumber(text[1..3], 0, 23, out var hours)
            || (text.Length > 3 && !TryReadNumber(text[4..6], 0, 59, out minutes)))
        {
            return false;
        }

        offset = (text[0] == '-' ? -1 : 1) * ((hours * 60) + minutes);
        return true;
    }

    private static bool TryReadNumber(ReadOnlySpan<char> digits, int min, int max, out int number) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number)
        && number >= min
        && number <= max;
}
