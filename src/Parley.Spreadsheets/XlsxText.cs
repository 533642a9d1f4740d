using System.Buffers;

namespace Parley.Spreadsheets;

/// <summary>
/// Writes texts in SpreadsheetML. The caller has removed the characters that XML forbids
/// (<see cref="CellText.WithoutForbidden"/>) and made line feeds of all line breaks
/// (<see cref="CellText.WithLineFeeds"/>).
/// </summary>
internal static class XlsxText
{
    private const int EscapeLength = 7;

    private static readonly SearchValues<char> Special = SearchValues.Create("&<>_");

    /// <summary>
    /// ECMA-376 §22.9.2.19 (ST_Xstring): <c>_xHHHH_</c> represents a UTF-16 unit. Therefore the underscore is escaped
    /// in a text that contains such a sequence.
    /// </summary>
    public static void Write(Utf8Buffer buffer, ReadOnlySpan<char> text)
    {
        for (var at = text.IndexOfAny(Special); at >= 0; at = text.IndexOfAny(Special))
        {
            buffer.Write(text[..at]);
            switch (text[at])
            {
                case '&':
                    buffer.Write("&amp;"u8);
                    break;
                case '<':
                    buffer.Write("&lt;"u8);
                    break;
                case '>':
                    buffer.Write("&gt;"u8);
                    break;
                default:
                    buffer.Write(IsEscape(text[at..]) ? "_x005F_"u8 : "_"u8);
                    break;
            }

            text = text[(at + 1)..];
        }

        buffer.Write(text);
    }

    // Readers differ in whether they accept X and lower-case digits; escaping too many texts is harmless.
    private static bool IsEscape(ReadOnlySpan<char> text) =>
        text.Length >= EscapeLength && text[1] is 'x' or 'X' && text[6] == '_'
        && char.IsAsciiHexDigit(text[2]) && char.IsAsciiHexDigit(text[3])
        && char.IsAsciiHexDigit(text[4]) && char.IsAsciiHexDigit(text[5]);
}
