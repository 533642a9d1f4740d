using System.Globalization;
using System.Text.RegularExpressions;

namespace Parley.Tenants.Limits;

/// <summary>A quota and its window: <c>600/60s</c> is 600 units, of which 10 come back every second.</summary>
/// <param name="Count">1 to 999,999,999,999 units: the most that may be used at once.</param>
/// <param name="Seconds">1 to 99,999 seconds, in which an empty quota becomes full.</param>
public readonly partial record struct Rate(long Count, int Seconds)
{
    /// <summary>A setting that lifts the limit.</summary>
    public const string Off = "off";

    /// <summary>Describes what <see cref="TryParse"/> takes.</summary>
    public const string Format =
        "COUNT/SECONDSs, such as 600/60s, with 1 to 999999999999 units in 1 to 99999 seconds, or off";

    /// <summary>Parses a setting. The result is null for <see cref="Off"/>.</summary>
    public static bool TryParse(string text, out Rate? rate)
    {
        var found = Form().Match(text);
        rate = found.Success
            ? new Rate(
                long.Parse(found.Groups["count"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture),
                int.Parse(found.Groups["seconds"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture))
            : null;
        return found.Success || text == Off;
    }

    [GeneratedRegex(
        @"\A(?<count>[1-9][0-9]{0,11})/(?<seconds>[1-9][0-9]{0,4})s\z", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Form();
}
