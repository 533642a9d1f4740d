using System.Text;
using Azure.Data.Tables;
using Parley.Operations.Format;

namespace Parley.Operations.Restore;

/// <summary>
/// Reads a restored table back and compares it with its file, row by row and property by property, in flat memory.
/// </summary>
internal sealed class RowComparison(Progress progress)
{
    /// <exception cref="OperationException">A row is missing, different, or too many.</exception>
    public async Task CompareAsync(TableFile file, string path, IAsyncEnumerable<TableEntity> stored, CancellationToken cancellation)
    {
        var compared = 0L;
        await using var rows = stored.GetAsyncEnumerator(cancellation);
        var lines = LineFile.ReadAsync(path, line => (Text: line, Row: RowLine.Read(line)), cancellation);
        await foreach (var (line, expected) in lines)
        {
            if (!await rows.MoveNextAsync())
            {
                throw Different(file, expected, "is missing");
            }

            if (Encoding.ASCII.GetString(RowLine.Write(rows.Current).Span) != line)
            {
                var isSameRow = (rows.Current.PartitionKey, rows.Current.RowKey) == (expected.PartitionKey, expected.RowKey);
                throw Different(file, expected, isSameRow ? "has other properties" : $"is missing, or {rows.Current.PartitionKey} / {rows.Current.RowKey} is too many");
            }

            compared++;
            progress.Add(1);
        }

        if (await rows.MoveNextAsync())
        {
            throw Different(file, rows.Current, "is not in the back-up");
        }

        if (compared != file.Rows)
        {
            throw new OperationException($"{path} has {compared} rows, but the manifest says {file.Rows}. Use another back-up.");
        }
    }

    private static OperationException Different(TableFile file, TableEntity row, string what) => new(
        $"The restored table {file.Name} differs from the back-up: {row.PartitionKey} / {row.RowKey} {what}. "
        + "Check that nothing else writes to the account, and run the restore again.");
}
