using System.Globalization;

namespace Parley.Storage;

/// <summary>
/// The parts of a row key. Numbers are zero-padded, so that keys sort like their numbers; lists that begin with the
/// newest entry use the inverse of a number. Parts are separated by |, which keys may contain, unlike / \ # and ?.
/// </summary>
internal static class KeyParts
{
    /// <summary>The last millisecond since 1970 that fits into fourteen digits.</summary>
    public const long MaxMillisecond = 99_999_999_999_999;

    /// <summary>Sorts after every key that consists of <paramref name="start"/> and digits or |.</summary>
    public static string EndOf(string start) => start + "~";

    public static int LastNumber(string rowKey) => Number(rowKey.AsSpan(rowKey.LastIndexOf('|') + 1));

    public static int Number(ReadOnlySpan<char> digits) =>
        int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
}
