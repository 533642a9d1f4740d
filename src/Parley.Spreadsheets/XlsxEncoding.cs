namespace Parley.Spreadsheets;

/// <summary>
/// Writes SpreadsheetML (ECMA-376): the XML of each sheet goes directly into an entry of a zip archive. Texts are
/// inline strings (§18.3.1.53), because a table of shared strings would stay in memory until the end. Empty cells are
/// left out, because references determine the position of the others (<see cref="XlsxReferences"/>).
/// </summary>
internal sealed class XlsxEncoding(
    Utf8Buffer buffer,
    CountingStream output,
    string[] headings,
    int[] widths,
    int rowsPerSheet)
    : ITableEncoding
{
    /// <summary>
    /// "Total number of rows on a worksheet", 1,048,576 (Excel specifications and limits), minus the row of headings.
    /// </summary>
    public const int MaxRowsPerSheet = 1_048_575;

    // A sheet of very long texts ends earlier: an entry of 4 GiB needs Zip64, and a reader of a streamed entry cannot
    // know that before its end.
    private const long MaxBytesPerSheet = 2L << 30;

    // "Number precision: 15 digits" (Excel specifications and limits).
    private const long MaxNumber = 999_999_999_999_999;

    // Excel counts 29 February 1900, a day that did not exist, so its dates match the calendar only from this day on.
    private static readonly DateTime FirstTime = new(1900, 3, 1, 0, 0, 0, DateTimeKind.Utc);

    // The day 0 that gives Excel's numbers to the days from FirstTime on.
    private static readonly DateTime FirstDay = new(1899, 12, 30, 0, 0, 0, DateTimeKind.Utc);

    private readonly XlsxArchive archive = new(output);
    private readonly XlsxReferences references = new(buffer, headings.Length);
    private int sheets;
    private bool inSheet;
    private int rows;
    private long sheetBytes;

    public void BeginRow()
    {
        if (!inSheet)
        {
            BeginSheet();
        }

        // The first row has the headings.
        references.BeginRow(rows + 2);
    }

    public void Text(int column, ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
        {
            return;
        }

        references.BeginCell(column, CellText.IsFormulaLike(text) ? " s=\"3\""u8 : default);
        InlineText(text);
    }

    public void Number(int column, long value)
    {
        if (value is > MaxNumber or < -MaxNumber)
        {
            references.BeginCell(column, " t=\"inlineStr\"><is><t>"u8);
            buffer.Write(value);
            buffer.Write("</t></is></c>"u8);
            return;
        }

        references.BeginCell(column, "><v>"u8);
        buffer.Write(value);
        buffer.Write("</v></c>"u8);
    }

    public void Number(int column, double value)
    {
        references.BeginCell(column, "><v>"u8);
        buffer.Write(value);
        buffer.Write("</v></c>"u8);
    }

    public void Time(int column, DateTimeOffset value)
    {
        if (value.UtcDateTime < FirstTime)
        {
            references.BeginCell(column, " t=\"inlineStr\"><is><t>"u8);
            buffer.Write(value);
            buffer.Write("</t></is></c>"u8);
            return;
        }

        references.BeginCell(column, " s=\"2\"><v>"u8);
        buffer.Write(Days(value.UtcDateTime));
        buffer.Write("</v></c>"u8);
    }

    public void Truth(int column, bool value) =>
        references.BeginCell(column, value ? " t=\"b\"><v>1</v></c>"u8 : " t=\"b\"><v>0</v></c>"u8);

    public void Empty(int column)
    {
    }

    public ValueTask EndRowAsync(CancellationToken cancellation)
    {
        buffer.Write("</row>"u8);
        rows++;
        return rows == rowsPerSheet || sheetBytes > MaxBytesPerSheet ? EndSheetAsync(cancellation)
            : buffer.IsFull ? FlushAsync(cancellation)
            : default;
    }

    public async ValueTask CompleteAsync(CancellationToken cancellation)
    {
        // A workbook has at least one sheet (§18.2.20).
        if (sheets == 0)
        {
            BeginSheet();
        }

        if (inSheet)
        {
            await EndSheetAsync(cancellation);
        }

        await archive.CompleteAsync(sheets, cancellation);
    }

    public ValueTask DisposeAsync() => archive.DisposeAsync();

    private void BeginSheet()
    {
        sheets++;
        rows = 0;
        sheetBytes = 0;
        inSheet = true;
        buffer.Write(XlsxParts.SheetBegin);
        buffer.Write("<cols>"u8);
        for (var column = 1; column <= widths.Length; column++)
        {
            buffer.Write("<col min=\""u8);
            buffer.Write(column);
            buffer.Write("\" max=\""u8);
            buffer.Write(column);
            buffer.Write("\" width=\""u8);
            buffer.Write(widths[column - 1]);
            buffer.Write("\" customWidth=\"1\"/>"u8);
        }

        buffer.Write("</cols><sheetData>"u8);
        references.BeginRow(1);
        for (var column = 0; column < headings.Length; column++)
        {
            references.BeginCell(column, CellText.IsFormulaLike(headings[column]) ? " s=\"4\""u8 : " s=\"1\""u8);
            InlineText(headings[column]);
        }

        buffer.Write("</row>"u8);
    }

    private async ValueTask EndSheetAsync(CancellationToken cancellation)
    {
        buffer.Write("</sheetData></worksheet>"u8);
        await FlushAsync(cancellation);
        await archive.EndPartAsync(cancellation);
        inSheet = false;
    }

    private ValueTask FlushAsync(CancellationToken cancellation)
    {
        sheetBytes += buffer.Length;
        return archive.WriteSheetAsync(sheets, buffer, cancellation);
    }

    /// <summary>Writes the rest of a cell, from its type on.</summary>
    private void InlineText(ReadOnlySpan<char> text)
    {
        // Without the attribute, Excel trims white space at both ends of a text.
        buffer.Write(
            IsWhiteSpace(text[0]) || IsWhiteSpace(text[^1])
                ? " t=\"inlineStr\"><is><t xml:space=\"preserve\">"u8
                : " t=\"inlineStr\"><is><t>"u8);
        XlsxText.Write(buffer, text);
        buffer.Write("</t></is></c>"u8);
    }

    /// <summary>
    /// The days since 30 December 1899, which stand for a time to the millisecond. When no number represents them
    /// exactly, the result is 2 to 11 µs greater and has 15 digits. Some readers cut off fractions of a millisecond,
    /// after calculations whose rounding loses up to 2 µs; they would return one millisecond too few.
    /// </summary>
    private static double Days(DateTime time)
    {
        const int MillisecondsPerDay = 24 * 60 * 60 * 1000;
        const double Step = 1e10;
        const double Margin = 0.25;
        double milliseconds = (time - FirstDay).Ticks / TimeSpan.TicksPerMillisecond;
        var days = milliseconds / MillisecondsPerDay;
        return Math.FusedMultiplyAdd(days, MillisecondsPerDay, -milliseconds) == 0
            ? days
            : Math.Ceiling((days * Step) + Margin) / Step;
    }

    // JavaScript counts the byte order mark as white space.
    private static bool IsWhiteSpace(char unit) => char.IsWhiteSpace(unit) || unit == '\uFEFF';
}
