namespace Parley.Spreadsheets;

/// <summary>The kinds of file that a <see cref="TableWriter"/> writes. Exports store their names: never change one.</summary>
public enum TableFormat
{
    /// <summary>
    /// RFC 4180: CRLF, quotes where needed, a header line. UTF-8 with a byte order mark: without one, Excel reads a file that is opened by a
    /// double click in the machine's own code page; the RFC is silent, and readers that detect encodings skip it.
    /// </summary>
    Csv,

    /// <summary>UTF-8 without a byte order mark (RFC 8259 §8.1 forbids it); a JSON object and LF per row, the columns' names as members.</summary>
    Jsonl,

    /// <summary>Office Open XML, ECMA-376: sheets of a frozen row of headings and at most 1,048,575 rows each.</summary>
    Xlsx,
}
