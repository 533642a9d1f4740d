using Parley.Spreadsheets;

namespace Parley.Exports;

/// <summary>The rows of a kind of export, in an order that is the same in every attempt at a file.</summary>
internal interface IExportContent
{
    IReadOnlyList<TableColumn> Columns { get; }

    /// <summary>
    /// Writes the rows to the table, and returns the position of the last one after every few of them.
    /// </summary>
    /// <param name="table">It is written to by no one else.</param>
    /// <param name="after">The position behind which to begin; null for the beginning.</param>
    IAsyncEnumerable<string> WriteAsync(TableWriter table, string? after, CancellationToken cancellation);
}
