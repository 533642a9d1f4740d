using System.Buffers;
using System.Text;

namespace Parley.Spreadsheets;

/// <summary>What a text may be in a cell that spreadsheet programs open: pure functions.</summary>
internal static class CellText
{
    /// <summary>"Total number of characters that a cell can contain" (Excel specifications and limits), in UTF-16 units.</summary>
    public const int MaxLength = 32_767;

    // The second four are full-width forms, which Japanese input turns into the first; to guard too many is harmless.
    private static readonly SearchValues<char> FormulaStarts = SearchValues.Create("=+-@＝＋－＠");

    // Below space, XML 1.0 (§2.2, Char) has only tab, line feed and carriage return.
    private static readonly SearchValues<char> ForbiddenControls =
        SearchValues.Create([.. Enumerable.Range(0, ' ').Select(code => (char)code).Where(character => character is not ('\t' or '\n' or '\r'))]);

    /// <summary>
    /// Whether a spreadsheet program could take the text for a formula, also after it has dropped leading white space
    /// (OWASP, "CSV Injection": = + - @ tab, carriage return, line feed).
    /// </summary>
    public static bool IsFormulaLike(ReadOnlySpan<char> text)
    {
        if (text.Length > 0 && char.IsWhiteSpace(text[0]))
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
    /// The text without what XML 1.0 forbids: control characters, U+FFFE, U+FFFF and halves of surrogate pairs. The very same text when
    /// there is none.
    /// </summary>
    public static string WithoutForbidden(string text)
    {
        // Two vectorized scans settle nearly all texts; the second finds surrogates too, most of which are in order.
        return text.AsSpan().ContainsAny(ForbiddenControls) || text.AsSpan().ContainsAnyInRange('\uD800', '\uFFFF') ? Remove(text) : text;
    }

    /// <summary>How many units of the text go into one cell: at most <paramref name="max"/>, and never half of a surrogate pair.</summary>
    public static int PartLength(ReadOnlySpan<char> text, int max) =>
        text.Length <= max ? text.Length : char.IsHighSurrogate(text[max - 1]) && char.IsLowSurrogate(text[max]) ? max - 1 : max;

    private static string Remove(string text)
    {
        StringBuilder? kept = null;
        var from = 0;
        for (var at = 0; at < text.Length;)
        {
            // A half of a pair decodes to nothing, and takes one unit.
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
