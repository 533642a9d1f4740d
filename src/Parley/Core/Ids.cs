using System.Globalization;

namespace Parley.Core;

/// <summary>Parses ids of every kind. An id has one valid spelling, except for the case of a UUID's digits.</summary>
public static class Ids
{
    private const int UuidLength = 36;

    // Of long.MaxValue.
    private const int LongDigits = 19;

    /// <summary>True for a positive integer and for a UUID.</summary>
    public static bool IsWellFormed(string text) =>
        TryParseUuid(text, out _) || TryParseInteger(text, long.MaxValue, out _);

    /// <summary>
    /// Parses a UUID in the form of RFC 9562, section 4. (The parser of Guid also accepts signs, blanks and 0x in it.)
    /// </summary>
    public static bool TryParseUuid(string text, out Guid uuid)
    {
        uuid = default;
        return text.Length == UuidLength
            && text.All(c => c == '-' || char.IsAsciiHexDigit(c))
            && Guid.TryParseExact(text, "D", out uuid);
    }

    /// <summary>
    /// Parses a positive integer: decimal digits without leading zeros. (The parser of long also accepts NUL characters
    /// at the end.)
    /// </summary>
    /// <param name="max">The highest value that is accepted.</param>
    public static bool TryParseInteger(string text, long max, out long value)
    {
        value = 0;
        return text.Length > 0
            && text.Length <= LongDigits
            && text[0] != '0'
            && text.All(char.IsAsciiDigit)
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value)
            && value <= max;
    }
}
