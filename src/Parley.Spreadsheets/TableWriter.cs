namespace Parley.Spreadsheets;

/// <summary>
/// Writes a table forward-only to a stream that need not be seekable. Memory contains only a small buffer and the
/// current row. For each row, write a cell per column in order, then call <see cref="EndRowAsync"/>; at the end, call
/// <see cref="CompleteAsync"/>. If the writer is disposed before that, the file is incomplete. The stream stays open.
/// After an exception, the only valid call is Dispose.
/// </summary>
/// <remarks>
/// Spreadsheet programs open csv and xlsx, so three rules apply there. Characters that XML 1.0 forbids and halves of
/// surrogate pairs are removed and counted: programs drop some of them silently, which could reveal a formula. A text
/// that a program could interpret as a formula is marked as text, in csv by a leading <c>'</c>, in xlsx by its style. A
/// cell has at most <see cref="CellText.MaxLength"/> UTF-16 units; longer texts continue in the columns that
/// <see cref="TableColumn.Parts"/> adds. Jsonl contains every text complete and unchanged, except that halves of
/// surrogate pairs, for which UTF-8 has no encoding, become U+FFFD. In xlsx, every line break is a line feed, which is
/// not counted (<see cref="CellText.WithLineFeeds"/>).
/// </remarks>
public sealed class TableWriter : IAsyncDisposable
{
    private readonly CountingStream output;
    private readonly Utf8Buffer buffer = new();
    private readonly ITableEncoding encoding;
    private readonly TableColumn[] columns;
    private readonly int textMax;
    private readonly int formulaMax;
    private readonly bool breaksAreLineFeeds;
    private readonly string?[] overflows;
    private int column;
    private long bytesBefore;
    private bool completed;

    private TableWriter(TableFormat format, IReadOnlyList<TableColumn> columns, Stream output, int rowsPerSheet)
    {
        ArgumentOutOfRangeException.ThrowIfZero(columns.Count);
        this.columns = [.. columns];
        this.output = new CountingStream(output);
        overflows = new string?[columns.Count];
        breaksAreLineFeeds = format == TableFormat.Xlsx;
        (textMax, formulaMax) = format switch
        {
            TableFormat.Csv => (CellText.MaxLength, CellText.MaxLength - 1),
            TableFormat.Jsonl => (int.MaxValue, int.MaxValue),
            _ => (CellText.MaxLength, CellText.MaxLength),
        };
        encoding = format switch
        {
            TableFormat.Csv => new CsvEncoding(buffer, this.output, Headings()),
            TableFormat.Jsonl => new JsonlEncoding(buffer, this.output, [.. columns.Select(each => each.Name)]),
            TableFormat.Xlsx => new XlsxEncoding(buffer, this.output, Headings(), Widths(), rowsPerSheet),
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, "There is no such format."),
        };
    }

    /// <summary>The number of ended rows, without the headings.</summary>
    public long Rows { get; private set; }

    /// <summary>The bytes written to the stream; after <see cref="CompleteAsync"/>, the file's size.</summary>
    public long Bytes => bytesBefore + output.Bytes;

    /// <summary>The number of UTF-16 units that were removed because no cell may contain them.</summary>
    public long RemovedCharacters { get; private set; }

    /// <summary>The number of UTF-16 units that were cut because they did not fit the cells of their column.</summary>
    public long CutCharacters { get; private set; }

    /// <param name="columns">At least one column.</param>
    /// <param name="output">Only its WriteAsync is called. The stream is not closed.</param>
    public static TableWriter Create(TableFormat format, IReadOnlyList<TableColumn> columns, Stream output) =>
        Create(format, columns, output, XlsxEncoding.MaxRowsPerSheet);

    /// <summary>
    /// Creates a writer that goes on with a table after its first rows, which are written already: it writes no
    /// headings. Workbooks cannot be continued, because what follows depends on all compressed bytes so far.
    /// </summary>
    /// <param name="output">The stream for what follows.</param>
    /// <param name="written">The counts of the earlier writer when its last <see cref="FlushAsync"/> ended.</param>
    public static TableWriter Continue(
        TableFormat format, IReadOnlyList<TableColumn> columns, Stream output, TableCounts written)
    {
        ArgumentOutOfRangeException.ThrowIfEqual((int)format, (int)TableFormat.Xlsx);
        var table = Create(format, columns, output);
        table.buffer.Clear();
        (table.Rows, table.bytesBefore) = (written.Rows, written.Bytes);
        (table.RemovedCharacters, table.CutCharacters) = (written.RemovedCharacters, written.CutCharacters);
        return table;
    }

    /// <summary>Creates a writer with fewer rows per sheet, for tests.</summary>
    internal static TableWriter Create(
        TableFormat format, IReadOnlyList<TableColumn> columns, Stream output, int rowsPerSheet) =>
        new(format, columns, output, rowsPerSheet);

    /// <summary>Writes a text; null gives an empty cell. In csv and xlsx, an empty text does too.</summary>
    public void Text(string? text)
    {
        var at = Next();
        if (text is null)
        {
            encoding.Empty(at);
            return;
        }

        if (textMax == int.MaxValue)
        {
            encoding.Text(at, text);
            return;
        }

        var clean = CellText.IsPlain(text) ? text : Clean(text);
        var part = PartLength(clean);
        encoding.Text(at, clean.AsSpan(0, part));
        if (part < clean.Length)
        {
            overflows[at] = clean[part..];
        }
    }

    /// <summary>
    /// Writes a whole number. In xlsx, a number of more than 15 digits is written as text, because Excel stores only
    /// 15.
    /// </summary>
    public void Number(long value) => encoding.Number(Next(), value);

    /// <summary>
    /// Writes a number that may have a fraction, as the shortest text that parses to the same value. Excel shows 15
    /// digits, and saves only those.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The value is infinite or NaN, which no format can represent.
    /// </exception>
    public void Number(double value)
    {
        if (!double.IsFinite(value))
        {
            throw new ArgumentOutOfRangeException(nameof(value), value, "There is no such number.");
        }

        encoding.Number(Next(), value);
    }

    /// <summary>
    /// Writes a time in UTC with milliseconds: as ISO 8601, in xlsx as a date-time. Before March 1900, where Excel's
    /// calendar is wrong or does not exist, xlsx has the ISO 8601 text.
    /// </summary>
    public void Time(DateTimeOffset value) => encoding.Time(Next(), value);

    public void Truth(bool value) => encoding.Truth(Next(), value);

    /// <summary>Writes an empty cell; in jsonl, null.</summary>
    public void Empty() => encoding.Empty(Next());

    /// <summary>Ends the row, which must have a cell for every column.</summary>
    /// <exception cref="InvalidOperationException">The row has fewer cells.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the file can no longer be completed.</exception>
    public ValueTask EndRowAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (column != columns.Length)
        {
            throw new InvalidOperationException($"The row has {column} of {columns.Length} cells.");
        }

        if (textMax != int.MaxValue)
        {
            WriteOverflows();
        }

        column = 0;
        Rows++;
        return encoding.EndRowAsync(cancellation);
    }

    /// <summary>
    /// Writes the rows so far to the stream, which the table can be continued from. Call it between rows; workbooks
    /// cannot be flushed.
    /// </summary>
    public async ValueTask<TableCounts> FlushAsync(CancellationToken cancellation)
    {
        if (column != 0 || encoding is XlsxEncoding)
        {
            throw new InvalidOperationException("Only a csv or jsonl table is flushed, between two rows.");
        }

        await buffer.FlushAsync(output, cancellation);
        return new TableCounts(Rows, Bytes, RemovedCharacters, CutCharacters);
    }

    /// <summary>Writes the rest of the file. No row may follow.</summary>
    /// <exception cref="InvalidOperationException">
    /// The last row has not ended, or the file is already complete.
    /// </exception>
    public async ValueTask CompleteAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (column != 0 || completed)
        {
            throw new InvalidOperationException(completed ? "The table is complete." : "The last row has not ended.");
        }

        await encoding.CompleteAsync(cancellation);
        completed = true;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        output.Abandon();
        await encoding.DisposeAsync();
        buffer.Dispose();
    }

    private string[] Headings() =>
    [
        .. columns.Select(each => each.Name),
        .. columns.SelectMany(
            each => Enumerable.Range(2, Math.Max(0, each.Parts - 1)).Select(part => $"{each.Name}_{part}")),
    ];

    private int[] Widths() =>
    [
        .. columns.Select(each => each.Width),
        .. columns.SelectMany(each => Enumerable.Repeat(each.Width, Math.Max(0, each.Parts - 1))),
    ];

    private int Next()
    {
        if (column == columns.Length || completed)
        {
            throw new InvalidOperationException(
                completed ? "The table is complete." : $"The row has its {columns.Length} cells already.");
        }

        if (column == 0)
        {
            encoding.BeginRow();
        }

        return column++;
    }

    /// <summary>Writes the additional cells of long texts, at the right end of the row.</summary>
    private void WriteOverflows()
    {
        for (var at = 0; at < columns.Length; at++)
        {
            ReadOnlySpan<char> rest = overflows[at];
            overflows[at] = null;
            for (var part = 2; part <= columns[at].Parts; part++)
            {
                if (rest.IsEmpty)
                {
                    encoding.Empty(column++);
                    continue;
                }

                // Every part is a separate cell, so a part that begins like a formula is guarded too.
                var length = PartLength(rest);
                encoding.Text(column++, rest[..length]);
                rest = rest[length..];
            }

            CutCharacters += rest.Length;
        }
    }

    private string Clean(string text)
    {
        var clean = CellText.WithoutForbidden(text);
        RemovedCharacters += text.Length - clean.Length;
        return breaksAreLineFeeds ? CellText.WithLineFeeds(clean) : clean;
    }

    private int PartLength(ReadOnlySpan<char> text) => text.Length <= formulaMax
        ? text.Length
        : CellText.PartLength(text, CellText.IsFormulaLike(text) ? formulaMax : textMax);
}

/// <summary>The counts of a table so far; see the properties of <see cref="TableWriter"/>.</summary>
public sealed record TableCounts(long Rows, long Bytes, long RemovedCharacters, long CutCharacters);
