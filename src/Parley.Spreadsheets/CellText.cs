using System.Buffers;
using System.Text;

namespace Parley.Spreadsheets;

/// <summary>The rules for texts in cells that spreadsheet programs read. All functions are pure.</summary>
internal static class CellText
{
    /// <summary>
    /// "Total number of characters that a cell can contain" (Excel specifications and limits), in UTF-16 units.
    /// </summary>
    public const int MaxLength = 32_767;

    // The last four are the full-width forms, which Japanese input methods convert to the first four. Guarding too many
    // texts is harmless.
    private static readonly SearchValues<char> FormulaStarts = SearchValues.Create("=+-@＝＋－＠");

    // Below the space character, XML 1.0 (§2.2, Char) allows only tab, line feed and carriage return.
    private static readonly SearchValues<char> ForbiddenControls = SearchValues.Create(
    [
        .. Enumerable.Range(0, ' ')
            .Select(code => (char)code)
            .Where(character => character is not ('\t' or '\n' or '\r')),
    ]);

    /// <summary>
    /// True when a text has no control characters, line breaks, surrogates and later characters, as nearly all texts.
    /// One vectorized scan then replaces those of <see cref="WithoutForbidden"/> and <see cref="WithLineFeeds"/>.
    /// </summary>
    public static bool IsPlain(ReadOnlySpan<char> text) => !text.ContainsAnyExceptInRange(' ', '\uD7FF');

    /// <summary>
    /// True when a spreadsheet program could interpret the text as a formula, also after it has removed leading white
    /// space (OWASP, "CSV Injection": = + - @ tab, carriage return, line feed).
    /// </summary>
    public static bool IsFormulaLike(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || char.IsAsciiLetterOrDigit(text[0]))
        {
            return false;
        }

        if (char.IsWhiteSpace(text[0]))
        {
            if (text[0] is '\t' or '\r' or '\n')
            {
                return true;
            }

            text = text.TrimStart();
        }

        return text.Length > 0 && FormulaStarts.Contains(text[0]);
    }

    /// <summary>
    /// Removes the characters that XML 1.0 forbids: control characters, U+FFFE, U+FFFF and halves of surrogate pairs.
    /// Returns the same instance when the text has none.
    /// </summary>
    public static string WithoutForbidden(string text)
    {
        // The second scan also finds surrogates, most of which are valid.
        return text.AsSpan().ContainsAny(ForbiddenControls) || text.AsSpan().ContainsAnyInRange('\uD800', '\uFFFF')
            ? Remove(text)
            : text;
    }

    /// <summary>
    /// Makes a line feed of each carriage return and of each pair of both. A line break in a cell of a spreadsheet
    /// program is a line feed. A carriage return cannot be kept for every reader: XML parsers make a line feed of it
    /// (XML 1.0 §2.11), and some readers show its escape <c>_x000D_</c> as text. Returns the same instance when the
    /// text has none.
    /// </summary>
    public static string WithLineFeeds(string text) => text.Contains('\r', StringComparison.Ordinal)
        ? text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n')
        : text;

    /// <summary>
    /// The number of UTF-16 units that go into one cell: at most <paramref name="max"/>, without half a surrogate pair
    /// at the end.
    /// </summary>
    public static int PartLength(ReadOnlySpan<char> text, int max) =>
        text.Length <= max ? text.Length
        : char.IsHighSurrogate(text[max - 1]) && char.IsLowSurrogate(text[max]) ? max - 1
        : max;

    private static string Remove(string text)
    {
        StringBuilder? kept = null;
        var from = 0;
        for (var at = 0; at < text.Length;)
        {
            // Half of a surrogate pair does not decode to a rune, and is one unit long.
            var valid = Rune.TryGetRuneAt(text, at, out var rune);
            var length = valid ? rune.Utf16SequenceLength : 1;
            if (!valid || rune.Value is < ' ' and not ('\t' or '\n' or '\r') or 0xFFFE or 0xFFFF)
            {
                (kept ??= new StringBuilder(text.Length)).Append(text, from, at - from);
                from = at + length;
            }

            at += length;
        }

        return kept is null ? text : kept.Append(text, from, text.Length - from).ToString();
    }
}
