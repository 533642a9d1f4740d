using System.Globalization;

namespace Parley.Storage;

/// <summary>
/// The parts of a row key. Numbers are zero-padded, so that keys sort as their numbers do; lists that begin with the newest
/// entry use the inverse of a number. The character | separates parts: it is allowed in keys, unlike / \ # and ?.
/// </summary>
internal static class KeyParts
{
    /// <summary>The last millisecond since 1970 that fourteen digits can hold.</summary>
    public const long MaxMillisecond = 99_999_999_999_999;

    /// <summary>Sorts after every key that begins with <paramref name="start"/>; what follows is digits.</summary>
    public static string EndOf(string start) => start + "~";

    /// <summary>The number at the end of a key.</summary>
    public static int LastNumber(string rowKey) => Number(rowKey.AsSpan(rowKey.LastIndexOf('|') + 1));

    public static int Number(ReadOnlySpan<char> digits) => int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
}
