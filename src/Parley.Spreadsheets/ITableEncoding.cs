namespace Parley.Spreadsheets;

/// <summary>
/// Writes the syntax of a format. The caller calls <see cref="BeginRow"/>, one method per column in their order, then
/// <see cref="EndRowAsync"/>, and passes only texts that fit a cell.
/// </summary>
internal interface ITableEncoding : IAsyncDisposable
{
    void BeginRow();

    void Text(int column, ReadOnlySpan<char> text);

    void Number(int column, long value);

    void Number(int column, double value);

    void Time(int column, DateTimeOffset value);

    void Truth(int column, bool value);

    void Empty(int column);

    /// <summary>Ends the row, and writes the buffer to the stream when it is full.</summary>
    ValueTask EndRowAsync(CancellationToken cancellation);

    /// <summary>Writes the rest of the file.</summary>
    ValueTask CompleteAsync(CancellationToken cancellation);
}
