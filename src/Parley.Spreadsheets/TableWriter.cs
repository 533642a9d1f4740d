namespace Parley.Spreadsheets;

/// <summary>
/// Writes a table forward-only to a stream that need not seek, without keeping more than a small buffer and the row at hand. For each row:
/// a cell per column, in order, then <see cref="EndRowAsync"/>; at the end <see cref="CompleteAsync"/>. A writer that is disposed
/// before that leaves a file without an end. The stream stays open. After an exception, only dispose.
/// </summary>
/// <remarks>
/// In csv and xlsx, which spreadsheet programs open: characters that XML 1.0 forbids and halves of surrogate pairs are removed and counted
/// (programs drop some of them silently, which could uncover a formula); a text that a program could take for a formula is
/// marked as text, in csv by a leading <c>'</c>, in xlsx by its style; a text is at most <see cref="CellText.MaxLength"/> UTF-16 units per cell and
/// goes on in the columns that <see cref="TableColumn.Parts"/> adds. Jsonl has every text whole and unchanged, but for halves of surrogate pairs, for
/// which UTF-8 has no bytes: they become U+FFFD.
/// </remarks>
public sealed class TableWriter : IAsyncDisposable
{
    private readonly CountingStream output;
    private readonly Utf8Buffer buffer = new();
    private readonly ITableEncoding encoding;
    private readonly TableColumn[] columns;
    private readonly int textMax;
    private readonly int formulaMax;
    private readonly string?[] rests;
    private int column;
    private bool completed;

    private TableWriter(TableFormat format, IReadOnlyList<TableColumn> columns, Stream output, int rowsPerSheet)
    {
        ArgumentOutOfRangeException.ThrowIfZero(columns.Count);
        this.columns = [.. columns];
        this.output = new CountingStream(output);
        rests = new string?[columns.Count];
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

    /// <summary>Rows that were ended, without the headings.</summary>
    public long Rows { get; private set; }

    /// <summary>Bytes that the stream has taken; after <see cref="CompleteAsync"/>, the file's size.</summary>
    public long Bytes => output.Bytes;

    /// <summary>UTF-16 units that were left out because no cell may hold them.</summary>
    public long RemovedCharacters { get; private set; }

    /// <summary>UTF-16 units that were left out because they did not fit their column's cells.</summary>
    public long CutCharacters { get; private set; }

    /// <summary>A writer of a table with these columns.</summary>
    /// <param name="format">Of the file.</param>
    /// <param name="columns">At least one.</param>
    /// <param name="output">Needs to be writable asynchronously, no more. It is not closed.</param>
    public static TableWriter Create(TableFormat format, IReadOnlyList<TableColumn> columns, Stream output) =>
        Create(format, columns, output, XlsxEncoding.MaxRowsPerSheet);

    /// <summary>The same, with sheets of fewer rows.</summary>
    internal static TableWriter Create(TableFormat format, IReadOnlyList<TableColumn> columns, Stream output, int rowsPerSheet) =>
        new(format, columns, output, rowsPerSheet);

    /// <summary>A cell with a text; null is an empty cell. In csv and xlsx an empty text is one too.</summary>
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

        var clean = CellText.WithoutForbidden(text);
        RemovedCharacters += text.Length - clean.Length;
        var part = PartLength(clean);
        encoding.Text(at, clean.AsSpan(0, part));
        if (part < clean.Length)
        {
            rests[at] = clean[part..];
        }
    }

    /// <summary>A cell with a whole number. In xlsx one of more than 15 digits is written as a text, for Excel keeps no more of a number.</summary>
    public void Number(long value) => encoding.Number(Next(), value);

    /// <summary>
    /// A cell with a number that may have a fraction: the shortest text that reads back as the same. (Excel shows, and keeps of what it saves, 15 digits.)
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is infinite, or no number: no format has a form for it.</exception>
    public void Number(double value)
    {
        if (!double.IsFinite(value))
        {
            throw new ArgumentOutOfRangeException(nameof(value), value, "There is no such number.");
        }

        encoding.Number(Next(), value);
    }

    /// <summary>
    /// A cell with a time, in UTC with milliseconds: ISO 8601, in xlsx a date-time (before March 1900, where Excel's calendar is wrong or
    /// has none, the ISO 8601 text).
    /// </summary>
    public void Time(DateTimeOffset value) => encoding.Time(Next(), value);

    /// <summary>A cell with a truth value.</summary>
    public void Truth(bool value) => encoding.Truth(Next(), value);

    /// <summary>An empty cell; in jsonl, null.</summary>
    public void Empty() => encoding.Empty(Next());

    /// <summary>Ends the row, which must have a cell for every column.</summary>
    /// <exception cref="InvalidOperationException">It has fewer.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the file cannot be completed any more.</exception>
    public ValueTask EndRowAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (column != columns.Length)
        {
            throw new InvalidOperationException($"The row has {column} of {columns.Length} cells.");
        }

        if (textMax != int.MaxValue)
        {
            WriteRests();
        }

        column = 0;
        Rows++;
        return encoding.EndRowAsync(cancellation);
    }

    /// <summary>Writes the rest of the file. No row may follow.</summary>
    /// <exception cref="InvalidOperationException">A row has begun and not ended, or the file is complete already.</exception>
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
        .. columns.SelectMany(each => Enumerable.Range(2, Math.Max(0, each.Parts - 1)).Select(part => $"{each.Name}_{part}")),
    ];

    private int[] Widths() => [.. columns.Select(each => each.Width), .. columns.SelectMany(each => Enumerable.Repeat(each.Width, Math.Max(0, each.Parts - 1)))];

    private int Next()
    {
        if (column == columns.Length || completed)
        {
            throw new InvalidOperationException(completed ? "The table is complete." : $"The row has its {columns.Length} cells already.");
        }

        if (column == 0)
        {
            encoding.BeginRow();
        }

        return column++;
    }

    /// <summary>The cells at the row's right end.</summary>
    private void WriteRests()
    {
        for (var at = 0; at < columns.Length; at++)
        {
            ReadOnlySpan<char> rest = rests[at];
            rests[at] = null;
            for (var part = 2; part <= columns[at].Parts; part++)
            {
                if (rest.IsEmpty)
                {
                    encoding.Empty(column++);
                    continue;
                }

                // A part is a cell of its own, so one that begins like a formula is guarded too.
                var length = PartLength(rest);
                encoding.Text(column++, rest[..length]);
                rest = rest[length..];
            }

            CutCharacters += rest.Length;
        }
    }

    private int PartLength(ReadOnlySpan<char> text) => CellText.PartLength(text, CellText.IsFormulaLike(text) ? formulaMax : textMax);
}
