using System.Globalization;
using Microsoft.Extensions.Configuration;
using Parley.Core;
using Parley.Exports;
using Xunit;

namespace Parley.Tests.Exports;

public sealed class ExportRangeTests
{
    private static readonly DateTimeOffset Now = new(2026, 8, 31, 10, 0, 0, 123, TimeSpan.Zero);

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
    public void The_longest_range_is_six_calendar_months(string end, string earliest)
    {
        var (until, from) = (Parse(end), Parse(earliest));
        Assert.Equal(new ExportRange(from, until.ToUniversalTime(), null), ExportRange.Of(null, until, Now));
        Assert.Equal(new ExportRange(from, until.ToUniversalTime(), null), ExportRange.Of(from, until, Now));
        Assert.Equal(("rangeStart", "Must be at most 6 calendar months before the end of the range."), ExportRange.Of(from.AddMilliseconds(-1), until, Now).InvalidReason);
    }

    [Fact]
    public void Without_an_end_or_with_a_future_one_the_range_ends_now()
    {
        var month = Now.AddMonths(-1);
        Assert.Equal(new ExportRange(new DateTimeOffset(2026, 2, 28, 10, 0, 0, 123, TimeSpan.Zero), Now, null), ExportRange.Of(null, null, Now));
        Assert.Equal(new ExportRange(month, Now, null), ExportRange.Of(month, null, Now));
        Assert.Equal(new ExportRange(month, Now, null), ExportRange.Of(month, Now.AddYears(1), Now));
        Assert.Equal(new ExportRange(month, Now, null), ExportRange.Of(month, DateTimeOffset.MaxValue, Now));
    }

    [Fact]
    public void Equal_ends_are_an_empty_range_and_not_an_error()
    {
        Assert.Equal(new ExportRange(Now, Now, null), ExportRange.Of(Now, Now, Now));
        Assert.Equal(new ExportRange(Now, Now, null), ExportRange.Of(Now, null, Now));
        Assert.Equal(new ExportRange(Now.AddDays(-1), Now.AddDays(-1), null), ExportRange.Of(Now.AddDays(-1).ToOffset(TimeSpan.FromHours(5)), Now.AddDays(-1), Now));
    }

    [Fact]
    public void A_start_after_the_end_has_its_own_error()
    {
        Assert.Equal(("rangeStart", "Must not be in the future."), ExportRange.Of(Now.AddMilliseconds(1), null, Now).InvalidReason);
        Assert.Equal(("rangeStart", "Must not be in the future."), ExportRange.Of(Now.AddDays(1), Now.AddDays(2), Now).InvalidReason);
        Assert.Equal(("rangeStart", "Must not be after rangeEnd."), ExportRange.Of(Now.AddDays(-1), Now.AddDays(-2), Now).InvalidReason);
    }

    /// <summary>
    /// Messages have whole milliseconds, so rounding both ends up leaves the same messages in the range.
    /// </summary>
    [Fact]
    public void Fractions_of_milliseconds_are_rounded_up()
    {
        var (start, end) = (Now.AddDays(-2).AddTicks(1), Now.AddDays(-1).AddTicks(9_999));
        Assert.Equal(new ExportRange(Now.AddDays(-2).AddMilliseconds(1), Now.AddDays(-1).AddMilliseconds(1), null), ExportRange.Of(start, end, Now));
        Assert.Null(ExportRange.Of(Now.AddTicks(-1), Now.AddTicks(-1), Now).InvalidReason);
    }

    [Theory]
    [InlineData("0001-01-01T00:00:00Z")]
    [InlineData("1601-01-01T00:00:00Z")]
    [InlineData("1601-05-31T00:00:00Z")]
    [InlineData("0001-01-01T00:00:00-14:00")]
    public void Times_that_storage_cannot_hold_are_not_sent_to_it(string end)
    {
        var range = ExportRange.Of(null, Parse(end), Now);
        Assert.True(range.InvalidReason is not null || range.Start >= Timestamps.Earliest);
        Assert.NotNull(ExportRange.Of(DateTimeOffset.MinValue, Parse("1700-01-01T00:00:00Z"), Now).InvalidReason);
    }

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
    [InlineData("0")]
    [InlineData("366")]
    [InlineData("99999999999")]
    public void An_invalid_number_of_days_keeps_the_app_from_starting(string keep) =>
        Assert.Equal("Exports__KeepDays must be a whole number from 2 to 365.", Assert.Throws<StartUpException>(() => Read(null, keep)).Message);

    private static ExportOptions Read(string? settle, string? keep) => ExportOptions.Read(
        new ConfigurationBuilder().AddInMemoryCollection([new("Exports:SettleSeconds", settle), new("Exports:KeepDays", keep)]).Build());
}
