using System.Globalization;
using System.Text.RegularExpressions;
using Parley.Core;
using Xunit;

namespace Parley.Tests.Core;

public partial class Rfc3339Tests
{
    private static readonly int[] Months = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

    [Theory]
    [InlineData("2026-01-01t00:00:00z", "2026-01-01T00:00:00.0000000+00:00")]
    [InlineData("2026-01-01 00:00:00Z", "2026-01-01T00:00:00.0000000+00:00")]
    [InlineData("2026-01-01T00:00:00-00:00", "2026-01-01T00:00:00.0000000+00:00")]
    [InlineData("2026-01-01T00:00:00.1Z", "2026-01-01T00:00:00.1000000+00:00")]
    [InlineData("2026-01-01T00:00:00.123456789012345678901234567890Z", "2026-01-01T00:00:00.1234567+00:00")]
    [InlineData("2026-01-01T00:00:00+14:00", "2026-01-01T00:00:00.0000000+14:00")]
    [InlineData("2026-01-01T00:00:00+23:59", "2025-12-31T00:01:00.0000000+00:00")]
    [InlineData("2026-01-01T00:00:00-23:59", "2026-01-01T23:59:00.0000000+00:00")]
    [InlineData("2024-02-29T12:00:00Z", "2024-02-29T12:00:00.0000000+00:00")]
    [InlineData("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.0000000+00:00")]
    [InlineData("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999+00:00")]
    [InlineData("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.0000000+00:00")]
    [InlineData("2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.5000000+00:00")]
    [InlineData("2016-12-31T15:59:60-08:00", "2016-12-31T16:00:00.0000000-08:00")]
    [InlineData("2017-01-01T05:29:60+05:30", "2017-01-01T05:30:00.0000000+05:30")]
    [InlineData("2026-01-01T23:59:60Z", "2026-01-02T00:00:00.0000000+00:00")]
    [InlineData("2027-01-01T00:00Z", "2027-01-01T00:00:00.0000000+00:00")]
    [InlineData("2027-01-01T00:00:00+02", "2027-01-01T00:00:00.0000000+02:00")]
    public void A_time_is_read(string text, string expected)
    {
        Assert.True(Rfc3339.TryParse(text, out var time));
        Assert.Equal(expected, time.ToString("O", CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("")]
    [InlineData("2026-01-01")]
    [InlineData("2026-01-01T00:00:00")]
    [InlineData("2026-01-01T24:00:00Z")]
    [InlineData("2026-01-01T00:60:00Z")]
    [InlineData("2026-01-01T00:00:61Z")]
    [InlineData("2026-01-01T00:00:60Z")]
    [InlineData("2026-01-01T23:58:60Z")]
    [InlineData("2026-01-01T23:59:60+01:00")]
    [InlineData("2026-00-01T00:00:00Z")]
    [InlineData("2026-13-01T00:00:00Z")]
    [InlineData("2026-01-00T00:00:00Z")]
    [InlineData("2026-04-31T00:00:00Z")]
    [InlineData("2026-02-29T00:00:00Z")]
    [InlineData("1900-02-29T00:00:00Z")]
    [InlineData("0000-01-01T00:00:00Z")]
    [InlineData("0001-01-01T00:00:00+00:01")]
    [InlineData("9999-12-31T23:59:59-00:01")]
    [InlineData("9999-12-31T23:59:60Z")]
    [InlineData("2026-01-01T00:00:00.Z")]
    [InlineData("2026-01-01T00:00:00,5Z")]
    [InlineData("2026-01-01T00:00:00+24:00")]
    [InlineData("2026-01-01T00:00:00+00:60")]
    [InlineData("2026-01-01T00:00:00+0200")]
    [InlineData("2026-01-01T00:00:00 +02:00")]
    [InlineData("2026-01-01T00:00:00 02:00")]
    [InlineData("2026-01-01T00:00:00\u221202:00")]
    [InlineData("2026-01-01T00:00:00Z ")]
    [InlineData(" 2026-01-01T00:00:00Z")]
    [InlineData("2026-01-01T00:00:00ZZ")]
    [InlineData("2026-01-01_00:00:00Z")]
    [InlineData("20260101T000000Z")]
    [InlineData("2026-1-1T0:0:0Z")]
    [InlineData("+2026-01-01T00:00:00Z")]
    [InlineData("-026-01-01T00:00:00Z")]
    [InlineData("2026-W01-1T00:00:00Z")]
    [InlineData("\u0662\u0660\u0662\u0666-01-01T00:00:00Z")]
    [InlineData("2026-01-01T\uFF10\uFF10:00:00Z")]
    public void Other_texts_are_refused(string text) => Assert.False(Rfc3339.TryParse(text, out _));

    /// <summary>Spellings of the grammar, and texts that differ from them in a place, against another reading.</summary>
    [Fact]
    public void Spellings_are_read_as_calculated()
    {
        var random = new Random(3339);
        var (valid, invalid, leap) = (0, 0, 0);
        for (var i = 0; i < 200_000; i++)
        {
            var text = Spell(random);
            text = random.Next(3) == 0 ? Damage(text, random) : text;
            var expected = Calculate(text);
            var taken = Rfc3339.TryParse(text, out var time);

            Assert.True(taken == (expected is not null), text);
            Assert.True(!taken || time.UtcTicks == expected, text);
            valid += taken ? 1 : 0;
            invalid += taken ? 0 : 1;
            leap += taken && text.Contains(":60", StringComparison.Ordinal) ? 1 : 0;
        }

        Assert.InRange(valid, 50_000, 150_000);
        Assert.InRange(invalid, 50_000, 150_000);
        Assert.InRange(leap, 1_000, 50_000);
    }

    private static string Spell(Random random)
    {
        var year = random.Next(4) == 0 ? Pick(random, "0000", "0001", "1600", "1900", "2000", "2024", "9999") : Digits(4);
        var month = random.Next(0, 14);
        var day = random.Next(20) == 0 ? random.Next(0, 33) : random.Next(1, 31);
        var (hour, minute, second) = (random.Next(0, 24), random.Next(0, 60), random.Next(0, 60));
        var offset = random.Next(3) switch
        {
            0 => 0,
            1 => random.Next(-1439, 1440),
            _ => random.Next(-56, 57) * 15,
        };
        if (random.Next(4) == 0)
        {
            // Near the end of the day in UTC, where a leap second is.
            var local = (1439 + offset + 1440 + random.Next(8) / 7) % 1440;
            (hour, minute, second) = (local / 60, local % 60, 60 + random.Next(12) / 11);
        }
        else if (random.Next(20) == 0)
        {
            (hour, minute) = (random.Next(20, 26), random.Next(55, 63));
        }

        var sign = offset < 0 || (offset == 0 && random.Next(2) == 0) ? '-' : '+';
        var minutes = Math.Abs(offset);
        var zone = offset == 0 && random.Next(2) == 0
            ? Pick(random, "Z", "z")
            : $"{sign}{minutes / 60:00}" + (minutes % 60 == 0 && random.Next(5) == 0 ? "" : $":{minutes % 60:00}");
        var seconds = random.Next(20) == 0 ? "" : $":{second:00}" + (random.Next(2) == 0 ? "" : $".{Digits(random.Next(1, 25))}");
        return $"{year}-{month:00}-{day:00}{Pick(random, "T", "T", "t", " ")}{hour:00}:{minute:00}{seconds}{zone}";

        string Digits(int count) => string.Concat(Enumerable.Range(0, count).Select(_ => random.Next(10)));
    }

    private static string Pick(Random random, params string[] texts) => texts[random.Next(texts.Length)];

    private static string Damage(string text, Random random)
    {
        const string Marks = "0123456789TtZz:-+., \u0660\n";
        var place = random.Next(text.Length);
        var mark = Marks[random.Next(Marks.Length)];
        return random.Next(3) switch
        {
            0 => text.Remove(place, 1),
            1 => text.Insert(place, mark.ToString()),
            _ => text.Remove(place, 1).Insert(place, mark.ToString()),
        };
    }

    /// <summary>Ticks in UTC, from a regular expression and a count of days; null for a text that is no time.</summary>
    private static long? Calculate(string text)
    {
        var match = Grammar().Match(text);
        if (!match.Success)
        {
            return null;
        }

        var (year, month, day) = (Part("year"), Part("month"), Part("day"));
        var (hour, minute, second) = (Part("hour"), Part("minute"), Part("second"));
        var (hours, minutes) = (Part("hours"), Part("minutes"));
        var isLeapYear = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
        if (year == 0
            || month is < 1 or > 12
            || day < 1
            || day > Months[month - 1] + (month == 2 && isLeapYear ? 1 : 0)
            || hour > 23 || minute > 59 || second > 60 || hours > 23 || minutes > 59)
        {
            return null;
        }

        var days = (365L * (year - 1)) + ((year - 1) / 4) - ((year - 1) / 100) + ((year - 1) / 400)
            + Months.Take(month - 1).Sum() + (month > 2 && isLeapYear ? 1 : 0) + day - 1;
        var offset = ((hours * 60) + minutes) * (match.Groups["sign"].Value == "-" ? -1 : 1);
        var utcMinutes = (days * 1440) + (hour * 60) + minute - offset;
        var fraction = match.Groups["fraction"].Value.PadRight(7, '0')[..7];
        var ticks = (((utcMinutes * 60) + second) * 10_000_000) + long.Parse(fraction, CultureInfo.InvariantCulture);
        return (second == 60 && (utcMinutes + 1) % 1440 != 0) || ticks < 0 || ticks >= 3652059L * 864_000_000_000
            ? null
            : ticks;

        int Part(string name) =>
            match.Groups[name].Success ? int.Parse(match.Groups[name].Value, CultureInfo.InvariantCulture) : 0;
    }

    [GeneratedRegex(
        @"\A(?<year>[0-9]{4})-(?<month>[0-9]{2})-(?<day>[0-9]{2})[Tt ](?<hour>[0-9]{2}):(?<minute>[0-9]{2})"
        + @"(:(?<second>[0-9]{2})(\.(?<fraction>[0-9]+))?)?([Zz]|(?<sign>[+-])(?<hours>[0-9]{2})(:(?<minutes>[0-9]{2}))?)\z",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Grammar();
}
