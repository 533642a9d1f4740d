using System.Globalization;
using Microsoft.Extensions.Configuration;
using Parley.Core;
using Parley.Exports;
using Xunit;

namespace Parley.Tests.Exports;

public sealed class ExportRangeTests
{
    private static readonly DateTimeOffset Now = new(2026, 8, 31, 10, 0, 0, 123, TimeSpan.Zero);

    [Fact]
    public void Without_a_start_the_range_is_everything_up_to_its_end()
    {
        Assert.Equal(new ExportRange(Timestamps.Earliest, Now, null), Of(null, null));
        Assert.Equal(new ExportRange(Timestamps.Earliest, Now.AddYears(-1), null), Of(null, Now.AddYears(-1)));
        Assert.Equal(new ExportRange(Parse("1700-01-01T00:00:00Z"), Now, null), Of(Parse("1700-01-01T00:00:00Z"), null));
    }

    /// <summary>Six calendar months before an end, also when the earlier month is shorter.</summary>
    [Theory]
    [InlineData("2026-07-15T12:00:00Z", "2026-01-15T12:00:00Z")]
    [InlineData("2026-08-30T12:00:00Z", "2026-02-28T12:00:00Z")]
    [InlineData("2026-08-29T23:59:59.999Z", "2026-02-28T23:59:59.999Z")]
    [InlineData("2024-08-31T00:00:00Z", "2024-02-29T00:00:00Z")]
    [InlineData("2024-08-29T00:00:00Z", "2024-02-29T00:00:00Z")]
    [InlineData("2025-12-31T00:00:00Z", "2025-06-30T00:00:00Z")]
    [InlineData("2025-08-30T23:30:00-03:00", "2025-02-28T02:30:00Z")]
    [InlineData("2024-02-29T10:00:00Z", "2023-08-29T10:00:00Z")]
    public void A_limit_is_in_calendar_months_and_the_error_names_it(string end, string earliest)
    {
        var (until, from) = (Parse(end), Parse(earliest));
        var first = from.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        Assert.Equal(new ExportRange(from, until.ToUniversalTime(), null), Of(from, until, 6));
        Assert.Equal(
            ("rangeStart", $"Must be {first} or later: Exports__MaxRangeMonths allows a range of 6 calendar months."),
            Of(from.AddMilliseconds(-1), until, 6).InvalidReason);
        Assert.Equal(
            ("rangeStart", $"Is required, because Exports__MaxRangeMonths allows a range of 6 calendar months. Send {first} or later."),
            Of(null, until, 6).InvalidReason);
        Assert.Null(Of(from.AddMilliseconds(-1), until, 7).InvalidReason);
    }

    [Fact]
    public void A_limit_of_one_month_is_named_in_the_singular() => Assert.Equal(
        "Must be 2026-07-31T10:00:00.123Z or later: Exports__MaxRangeMonths allows a range of 1 calendar month.",
        Of(Now.AddMonths(-2), Now, 1).InvalidReason!.Value.Text);

    [Theory]
    [InlineData(null)]
    [InlineData("2100-01-01T00:00:00Z")]
    public void Without_an_end_the_error_names_a_time_that_is_accepted_for_five_minutes(string? end)
    {
        var until = end is null ? (DateTimeOffset?)null : Parse(end);
        var named = Of(null, until, 6).InvalidReason!.Value.Text.Split("Send ")[1].Split(' ')[0];

        Assert.EndsWith(":00.000Z", named, StringComparison.Ordinal);
        Assert.Null(ExportRange.Of(Parse(named), until, Now.AddMinutes(5), 6).InvalidReason);
    }

    [Fact]
    public void Without_an_end_or_with_a_future_one_the_range_ends_now()
    {
        var month = Now.AddMonths(-1);
        Assert.Equal(new ExportRange(month, Now, null), Of(month, null));
        Assert.Equal(new ExportRange(month, Now, null), Of(month, Now.AddYears(1)));
        Assert.Equal(new ExportRange(month, Now, null), Of(month, DateTimeOffset.MaxValue));
    }

    [Fact]
    public void Equal_ends_are_an_empty_range_and_not_an_error()
    {
        Assert.Equal(new ExportRange(Now, Now, null), Of(Now, Now));
        Assert.Equal(new ExportRange(Now, Now, null), Of(Now, null));
        Assert.Equal(new ExportRange(Now.AddDays(-1), Now.AddDays(-1), null), Of(Now.AddDays(-1).ToOffset(TimeSpan.FromHours(5)), Now.AddDays(-1)));
    }

    [Fact]
    public void A_start_after_the_end_has_its_own_error()
    {
        Assert.Equal(("rangeStart", "Must not be in the future."), Of(Now.AddMilliseconds(1), null).InvalidReason);
        Assert.Equal(("rangeStart", "Must not be in the future."), Of(Now.AddDays(1), Now.AddDays(2)).InvalidReason);
        Assert.Equal(("rangeStart", "Must not be after rangeEnd."), Of(Now.AddDays(-1), Now.AddDays(-2)).InvalidReason);
    }

    /// <summary>
    /// Messages have whole milliseconds, so rounding both ends up leaves the same messages in the range.
    /// </summary>
    [Fact]
    public void Fractions_of_milliseconds_are_rounded_up()
    {
        var (start, end) = (Now.AddDays(-2).AddTicks(1), Now.AddDays(-1).AddTicks(9_999));
        Assert.Equal(new ExportRange(Now.AddDays(-2).AddMilliseconds(1), Now.AddDays(-1).AddMilliseconds(1), null), Of(start, end));
        Assert.Null(Of(Now.AddTicks(-1), Now.AddTicks(-1)).InvalidReason);
    }

    [Theory]
    [InlineData("0001-01-01T00:00:00Z")]
    [InlineData("1601-01-01T00:00:00Z")]
    [InlineData("1601-05-31T00:00:00Z")]
    [InlineData("0001-01-01T00:00:00-14:00")]
    public void Times_that_storage_cannot_hold_are_not_sent_to_it(string end)
    {
        foreach (var limit in new int?[] { null, 1, 120 })
        {
            var range = Of(null, Parse(end), limit);
            Assert.True(range.InvalidReason is not null || range.Start >= Timestamps.Earliest);
            Assert.NotNull(Of(Parse("1700-01-01T00:00:00Z"), Parse(end), limit).InvalidReason);
        }
    }

    private static ExportRange Of(DateTimeOffset? start, DateTimeOffset? end, int? months = null) => ExportRange.Of(start, end, Now, months);

    private static DateTimeOffset Parse(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}

public sealed class ExportOptionsTests
{
    [Fact]
    public void The_defaults_are_thirty_seconds_and_a_week() => Assert.Equal(new ExportOptions(TimeSpan.FromSeconds(30), TimeSpan.FromDays(7)), Read(null, null));

    [Theory]
    [InlineData("0", "2", 0, 2)]
    [InlineData("30", "365", 30, 365)]
    [InlineData("1", "", 1, 7)]
    [InlineData("", "30", 30, 30)]
    public void Settings_are_whole_numbers_within_limits(string settle, string keep, int seconds, int days) =>
        Assert.Equal(new ExportOptions(TimeSpan.FromSeconds(seconds), TimeSpan.FromDays(days)), Read(settle, keep));

    [Theory]
    [InlineData("31")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData(" 1")]
    [InlineData("one")]
    public void An_invalid_pause_keeps_the_app_from_starting(string settle) =>
        Assert.Equal("Exports__SettleSeconds must be a whole number from 0 to 30.", Assert.Throws<StartUpException>(() => Read(settle, null)).Message);

    [Theory]
    [InlineData("", null)]
    [InlineData("0", null)]
    [InlineData("1", 1)]
    [InlineData("120", 120)]
    public void A_limit_of_ranges_is_a_number_of_months(string months, int? limit) => Assert.Equal(limit, Read(null, null, months).MaxRangeMonths);

    [Theory]
    [InlineData("121")]
    [InlineData("-1")]
    [InlineData("six")]
    public void An_invalid_limit_of_ranges_keeps_the_app_from_starting(string months) =>
        Assert.Equal("Exports__MaxRangeMonths must be a whole number from 0 to 120.", Assert.Throws<StartUpException>(() => Read(null, null, months)).Message);

    [Theory]
    [InlineData("0")]
    [InlineData("366")]
    [InlineData("99999999999")]
    public void An_invalid_number_of_days_keeps_the_app_from_starting(string keep) =>
        Assert.Equal("Exports__KeepDays must be a whole number from 2 to 365.", Assert.Throws<StartUpException>(() => Read(null, keep)).Message);

    private static ExportOptions Read(string? settle, string? keep, string? months = null) => ExportOptions.Read(
        new ConfigurationBuilder().AddInMemoryCollection([new("Exports:SettleSeconds", settle), new("Exports:KeepDays", keep), new("Exports:MaxRangeMonths", months)]).Build());
}
