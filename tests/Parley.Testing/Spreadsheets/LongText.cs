namespace Parley.Testing.Spreadsheets;

/// <summary>The cells that a long text is expected in.</summary>
public static class LongText
{
    /// <summary>The longest text of a cell, in UTF-16 code units.</summary>
    public const int MaxCell = 32_767;

    /// <summary>
    /// Cuts a text into cells: none exceeds a cell's limit, and no surrogate pair is split. An empty text has one empty
    /// cell.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="guard">Returns what must precede the rest of the text in its cell; null for nothing.</param>
    public static IReadOnlyList<string> Split(string text, Func<string, string>? guard = null)
    {
        var cells = new List<string>();
        do
        {
            var before = guard?.Invoke(text) ?? "";
            var length = Math.Min(text.Length, MaxCell - before.Length);
            if (length < text.Length && char.IsLowSurrogate(text[length]))
            {
                length--;
            }

            cells.Add(before + text[..length]);
            text = text[length..];
        }
        while (text.Length > 0);
        return cells;
    }
}
