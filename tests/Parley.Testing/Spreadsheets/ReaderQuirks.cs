using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Parley.Testing.Spreadsheets;

/// <summary>
/// Values that single readers return against the standard, of any writer's files. Everything else must be equal.
/// </summary>
internal static partial class ReaderQuirks
{
    // Node.js reads a file in pieces of this size.
    private const int PieceLength = 64 * 1024;

    /// <summary>The value that a reader returns for a cell with the expected value.</summary>
    public static object? Of(string reader, object? expected) => (reader, expected) switch
    {
        // It returns a text that JavaScript would write for a number as that number.
        ("xlsx-populate", string text) when IsNumber(text, out var number) => number,

        // They undo the escape _x005F_ in shared strings at most, not in inline ones.
        ("xlsx-populate" or "exceljs" or "exceljs-load", string text) => Escaped(text),

        // It also replaces the names of XML's entities, after its parser has done so.
        ("exceljs-stream", string text) => Escaped(text).Replace("&lt;", "<", StringComparison.Ordinal)
            .Replace("&gt;", ">", StringComparison.Ordinal).Replace("&amp;", "&", StringComparison.Ordinal),
        _ => expected,
    };

    /// <summary>xlsx-populate returns times as days, and leaves their conversion to its caller.</summary>
    public static DateTimeOffset Time(double days) => WorkbookReader.Round(DateTime.FromOADate(days));

    /// <summary>The most characters that the pieces of a file's XML can break.</summary>
    public static long MaxLosses(long xmlBytes) => xmlBytes / PieceLength;

    /// <summary>
    /// ExcelJS's stream reader decodes a sheet in pieces, and a character across the border of two is lost to U+FFFD
    /// (exceljs#2316). Returns the actual text with those characters from the expected one.
    /// </summary>
    /// <param name="expected">The text as the reader should return it.</param>
    /// <param name="actual">The text that it has returned.</param>
    /// <param name="lost">Counts the lost characters.</param>
    public static string WithoutLosses(string expected, string actual, ref int lost)
    {
        var text = new StringBuilder(expected.Length);
        for (int from = 0, at = 0; at < actual.Length;)
        {
            if (actual[at] != '\uFFFD' || from >= expected.Length || expected[from] == '\uFFFD')
            {
                text.Append(actual[at++]);
                from++;
                continue;
            }

            Rune.DecodeFromUtf16(expected.AsSpan(from), out var rune, out var length);
            text.Append(rune.IsAscii ? "\uFFFD" : rune.ToString());
            from += length;
            lost++;
            while (at < actual.Length && actual[at] == '\uFFFD')
            {
                at++;
            }
        }

        return text.ToString();
    }

    private static bool IsNumber(string text, out double number) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number)
        && number.ToString("R", CultureInfo.InvariantCulture) == text;

    private static string Escaped(string text) => EscapeLike().Replace(text, "_x005F_");

    [GeneratedRegex("_(?=[xX][0-9A-Fa-f]{4}_)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex EscapeLike();
}
