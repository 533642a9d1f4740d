using System.Globalization;

namespace Parley.Core;

/// <summary>Reads ids of every kind. Each id has one spelling, except for the case of a UUID's digits.</summary>
public static class Ids
{
    private const int UuidLength = 36;

    /// <summary>Whether a text can be an id at all: a positive integer or a UUID.</summary>
    public static bool IsWellFormed(string text) => TryParseUuid(text, out _) || TryParseInteger(text, long.MaxValue, out _);

    /// <summary>Reads a UUID as RFC 9562, section 4 writes it. (Guid's own parser also takes signs, blanks and 0x within it.)</summary>
    public static bool TryParseUuid(string text, out Guid uuid)
    {
        uuid = default;
        return text.Length == UuidLength && text.All(c => c == '-' || char.IsAsciiHexDigit(c)) && Guid.TryParseExact(text, "D", out uuid);
    }

    /// <summary>Reads decimal digits without leading zeros. (The number's own parser also takes NULs at the end.)</summary>
    internal static bool TryParseInteger(string text, long max, out long value)
    {
        value = 0;
        return text.Length > 0 && text[0] != '0' && text.All(char.IsAsciiDigit)
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= max;
    }
}
