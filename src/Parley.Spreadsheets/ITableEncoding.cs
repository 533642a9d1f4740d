namespace Parley.Spreadsheets;

/// <summary>A format's syntax. It is called in the table's order: a row's begin, a cell per column, the row's end; texts as they fit a cell.</summary>
internal interface ITableEncoding : IAsyncDisposable
{
    void BeginRow();

    void Text(int column, ReadOnlySpan<char> text);

    void Number(int column, long value);

    void Number(int column, double value);

    void Time(int column, DateTimeOffset value);

    void Truth(int column, bool value);

    void Empty(int column);

    /// <summary>Ends the row, and writes out what has gathered when it is enough.</summary>
    ValueTask EndRowAsync(CancellationToken cancellation);

    /// <summary>Writes the rest of the file.</summary>
    ValueTask CompleteAsync(CancellationToken cancellation);
}
