using System.Buffers;

namespace Parley.Spreadsheets;

/// <summary>Writes the content of JSON strings (RFC 8259 §7).</summary>
internal static class JsonText
{
    // JSON requires to escape quotation marks, backslashes and U+0000 to U+001F. The other control characters, U+2028
    // and U+2029 are line breaks to some readers that split a file into its lines.
    private static readonly char[] AsciiEscaped = ['"', '\\', .. Range('\0', '\u001F'), '\u007F'];

    private static readonly SearchValues<char> Ascii = SearchValues.Create(AsciiEscaped);

    private static readonly SearchValues<char> All = SearchValues.Create(
        [.. AsciiEscaped, .. Range('\u0080', '\u009F'), '\u2028', '\u2029']);

    /// <summary>Writes the text without its quotation marks. Half of a surrogate pair becomes U+FFFD.</summary>
    public static void Write(Utf8Buffer buffer, ReadOnlySpan<char> text)
    {
        // The set of all is slow to search in texts that are not ASCII, and few texts have one of the others.
        var escaped = text.ContainsAnyInRange('\u0080', '\u009F') || text.ContainsAnyInRange('\u2028', '\u2029')
            ? All
            : Ascii;
        for (var at = text.IndexOfAny(escaped); at >= 0; at = text.IndexOfAny(escaped))
        {
            buffer.Write(text[..at]);
            Escape(buffer, text[at]);
            text = text[(at + 1)..];
        }

        buffer.Write(text);
    }

    private static void Escape(Utf8Buffer buffer, char unit)
    {
        switch (unit)
        {
            case '"':
                buffer.Write("\\\""u8);
                break;
            case '\\':
                buffer.Write("\\\\"u8);
                break;
            case '\n':
                buffer.Write("\\n"u8);
                break;
            case '\r':
                buffer.Write("\\r"u8);
                break;
            case '\t':
                buffer.Write("\\t"u8);
                break;
            default:
                buffer.Write("\\u"u8);
                buffer.WriteHex(unit);
                break;
        }
    }

    private static IEnumerable<char> Range(char first, char last) =>
        Enumerable.Range(first, last - first + 1).Select(code => (char)code);
}
