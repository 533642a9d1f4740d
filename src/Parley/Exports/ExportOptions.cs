using System.Globalization;
using Microsoft.Extensions.Configuration;
using Parley.Core;

namespace Parley.Exports;

/// <summary>Settings of exports.</summary>
/// <param name="Settle">
/// The time from the end of the range to the first read: a message is dated before it is stored, and stored within
/// <see cref="Storage.WriteBudget.MaxAge"/> + <see cref="Storage.WriteBudget.SendTimeout"/> of its date. Less than 30 s
/// is for development.
/// </param>
/// <param name="Keep">The time from the end of an export to the removal of its file.</param>
/// <param name="MaxRangeMonths">The longest range of an export, in calendar months; null for no limit.</param>
public sealed record ExportOptions(TimeSpan Settle, TimeSpan Keep, int? MaxRangeMonths = null)
{
    /// <summary>In the environment <c>Exports__SettleSeconds</c>: 0 to 30 seconds; the default is 30.</summary>
    public const string SettleSetting = "Exports:SettleSeconds";

    /// <summary>
    /// In the environment <c>Exports__KeepDays</c>: 2 to 365 days; the default is 7. Not less than 2, because a webhook
    /// is attempted for up to 33 hours.
    /// </summary>
    public const string KeepSetting = "Exports:KeepDays";

    /// <summary>
    /// In the environment <see cref="MaxRangeName"/>: 0 to 120 calendar months; 0, the default, is no limit, because an
    /// export takes bounded memory and only the calls for what is stored.
    /// </summary>
    public const string MaxRangeSetting = "Exports:MaxRangeMonths";

    /// <summary>The name of <see cref="MaxRangeSetting"/> in the environment.</summary>
    public const string MaxRangeName = "Exports__MaxRangeMonths";

    private const int MaxMonths = 120;
    private const int MaxSettleSeconds = 30;
    private const int DefaultKeepDays = 7;
    private const int MinKeepDays = 2;
    private const int MaxKeepDays = 365;

    /// <exception cref="StartUpException">A setting is not a whole number within its limits.</exception>
    public static ExportOptions Read(IConfiguration configuration) => new(
        TimeSpan.FromSeconds(ReadNumber(configuration, SettleSetting, MaxSettleSeconds, 0, MaxSettleSeconds)),
        TimeSpan.FromDays(ReadNumber(configuration, KeepSetting, DefaultKeepDays, MinKeepDays, MaxKeepDays)),
        ReadNumber(configuration, MaxRangeSetting, 0, 0, MaxMonths) is > 0 and var months ? months : null);

    private static int ReadNumber(IConfiguration configuration, string name, int defaultValue, int min, int max) =>
        configuration[name] switch
        {
            null or "" => defaultValue,
            var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number >= min
                && number <= max => number,
            _ => throw new StartUpException(
                $"{name.Replace(":", "__", StringComparison.Ordinal)} must be a whole number from {min} to {max}."),
        };
}
