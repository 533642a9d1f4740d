namespace Parley.Spreadsheets;

/// <summary>The file formats of <see cref="TableWriter"/>. Exports store the names: never change one.</summary>
public enum TableFormat
{
    /// <summary>
    /// RFC 4180: CRLF, quotes where needed, a header line. UTF-8 with a byte order mark: without one, Excel uses the
    /// computer's code page for a file that is opened with a double click. The RFC does not mention the mark, and
    /// readers that detect encodings skip it.
    /// </summary>
    Csv,

    /// <summary>
    /// A JSON object and LF per row, with the columns' names as properties. UTF-8 without a byte order mark (RFC 8259
    /// §8.1 forbids it).
    /// </summary>
    Jsonl,

    /// <summary>
    /// Office Open XML, ECMA-376. Each sheet has a frozen row of headings and at most 1,048,575 other rows. Line breaks
    /// in texts are line feeds. At most 16,384 columns.
    /// </summary>
    Xlsx,
}
