using System.Diagnostics;
using System.IO.Compression;

namespace Parley.Spreadsheets;

/// <summary>
/// Writes SpreadsheetML (ECMA-376): the XML of each sheet goes directly into an entry of a zip archive. Texts are
/// inline strings (§18.3.1.53), because a table of shared strings would stay in memory until the end. Rows and cells
/// have no references (optional by §18.3.1.4, §18.3.1.73): their order determines their position, and references would
/// be a fifth of the bytes to compress.
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

    // A fixed time, so that equal tables give equal bytes: the earliest time that zip's MS-DOS format can represent.
    private static readonly DateTimeOffset EntryTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private ZipArchive? archive;
    private Stream? entry;
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

        buffer.Write("<row>"u8);
    }

    public void Text(int column, ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
        {
            Empty(column);
            return;
        }

        Text(text, CellText.IsFormulaLike(text) ? "<c s=\"3\" t=\"inlineStr\"><is>"u8 : "<c t=\"inlineStr\"><is>"u8);
    }

    public void Number(int column, long value)
    {
        if (value is > MaxNumber or < -MaxNumber)
        {
            buffer.Write("<c t=\"inlineStr\"><is><t>"u8);
            buffer.Write(value);
            buffer.Write("</t></is></c>"u8);
            return;
        }

        buffer.Write("<c><v>"u8);
        buffer.Write(value);
        buffer.Write("</v></c>"u8);
    }

    public void Number(int column, double value)
    {
        buffer.Write("<c><v>"u8);
        buffer.Write(value);
        buffer.Write("</v></c>"u8);
    }

    public void Time(int column, DateTimeOffset value)
    {
        if (value.UtcDateTime < FirstTime)
        {
            buffer.Write("<c t=\"inlineStr\"><is><t>"u8);
            buffer.Write(value);
            buffer.Write("</t></is></c>"u8);
            return;
        }

        buffer.Write("<c s=\"2\"><v>"u8);
        buffer.Write(value.UtcDateTime.ToOADate());
        buffer.Write("</v></c>"u8);
    }

    public void Truth(int column, bool value) =>
        buffer.Write(value ? "<c t=\"b\"><v>1</v></c>"u8 : "<c t=\"b\"><v>0</v></c>"u8);

    public void Empty(int column) => buffer.Write("<c/>"u8);

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

        foreach (var (name, xml) in XlsxParts.Of(sheets))
        {
            await OpenAsync(name, cancellation);
            buffer.Write(xml);
            await CloseAsync(cancellation);
        }

        Debug.Assert(archive is not null, "Its first entry has opened it.");
        await archive.DisposeAsync();
        archive = null;
        await output.FlushAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        // Both disposals write an end, which the output discards.
        output.Abandon();
        if (entry is not null)
        {
            await entry.DisposeAsync();
        }

        if (archive is not null)
        {
            await archive.DisposeAsync();
        }
    }

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

        buffer.Write("</cols><sheetData><row>"u8);
        foreach (var heading in headings)
        {
            Text(
                heading,
                CellText.IsFormulaLike(heading)
                    ? "<c s=\"4\" t=\"inlineStr\"><is>"u8
                    : "<c s=\"1\" t=\"inlineStr\"><is>"u8);
        }

        buffer.Write("</row>"u8);
    }

    private async ValueTask EndSheetAsync(CancellationToken cancellation)
    {
        buffer.Write("</sheetData></worksheet>"u8);
        await FlushAsync(cancellation);
        await CloseAsync(cancellation);
        inSheet = false;
    }

    private async ValueTask FlushAsync(CancellationToken cancellation)
    {
        if (entry is null)
        {
            await OpenAsync(XlsxParts.SheetName(sheets), cancellation);
        }

        sheetBytes += buffer.Length;
        await buffer.FlushAsync(entry!, cancellation);
    }

    private async ValueTask OpenAsync(string name, CancellationToken cancellation)
    {
        archive ??= await ZipArchive.CreateAsync(
            output, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, cancellation);
        var next = archive.CreateEntry(name, CompressionLevel.Fastest);
        next.LastWriteTime = EntryTime;
        entry = await next.OpenAsync(cancellation);
    }

    private async ValueTask CloseAsync(CancellationToken cancellation)
    {
        await buffer.FlushAsync(entry!, cancellation);
        await entry!.DisposeAsync();
        entry = null;
        await output.FlushAsync(cancellation);
    }

    private void Text(ReadOnlySpan<char> text, ReadOnlySpan<byte> begin)
    {
        buffer.Write(begin);

        // Without the attribute, Excel trims white space at both ends of a text.
        buffer.Write(
            char.IsWhiteSpace(text[0]) || char.IsWhiteSpace(text[^1]) ? "<t xml:space=\"preserve\">"u8 : "<t>"u8);
        XlsxText.Write(buffer, text);
        buffer.Write("</t></is></c>"u8);
    }
}
