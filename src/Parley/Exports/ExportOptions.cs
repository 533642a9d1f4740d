using System.Globalization;
using Microsoft.Extensions.Configuration;
using Parley.Core;

namespace Parley.Exports;

/// <summary>Settings of exports.</summary>
/// <param name="Settle">
/// How long after the end of its range an export waits before it reads: a message is dated before it is stored, and stored within
/// <see cref="Storage.WriteBudget.MaxAge"/> + <see cref="Storage.WriteBudget.SendTimeout"/> of that. Less than 30 s is for development.
/// </param>
/// <param name="Keep">How long after an export has ended its file is kept.</param>
public sealed record ExportOptions(TimeSpan Settle, TimeSpan Keep)
{
    /// <summary>The setting, as <c>Exports__SettleSeconds</c> in the environment: 0 to 30, the default.</summary>
    public const string SettleSetting = "Exports:SettleSeconds";

    /// <summary>The setting, as <c>Exports__KeepDays</c> in the environment: 2 to 365, 7 unless set. A callback is tried for up to 33 hours.</summary>
    public const string KeepSetting = "Exports:KeepDays";

    private const int MaxSettleSeconds = 30;
    private const int DefaultKeepDays = 7;
    private const int MinKeepDays = 2;
    private const int MaxKeepDays = 365;

    /// <summary>Reads the settings.</summary>
    /// <exception cref="StartUpException">One is not a whole number within its limits.</exception>
    public static ExportOptions Read(IConfiguration configuration) => new(
        TimeSpan.FromSeconds(ReadNumber(configuration, SettleSetting, MaxSettleSeconds, 0, MaxSettleSeconds)),
        TimeSpan.FromDays(ReadNumber(configuration, KeepSetting, DefaultKeepDays, MinKeepDays, MaxKeepDays)));

    private static int ReadNumber(IConfiguration configuration, string name, int standard, int min, int max) => configuration[name] switch
    {
        null or "" => standard,
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max => number,
        _ => throw new StartUpException($"{name.Replace(":", "__", StringComparison.Ordinal)} must be a whole number from {min} to {max}."),
    };
}
