using System.Text;
using Azure.Data.Tables;
using Parley.Operations.Format;

namespace Parley.Operations.Restore;

/// <summary>
/// Reads a restored table and compares it with its file, row by row and property by property. Memory use does not
/// depend on the number of rows.
/// </summary>
internal sealed class RowComparison(Progress progress)
{
    /// <exception cref="OperationException">A row is missing, different or not in the back-up.</exception>
    public async Task CompareAsync(
        TableFile file, string path, IAsyncEnumerable<TableEntity> stored, CancellationToken cancellation)
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
                var found = rows.Current;
                var isSameRow = (found.PartitionKey, found.RowKey) == (expected.PartitionKey, expected.RowKey);
                throw Different(
                    file,
                    expected,
                    isSameRow
                        ? "has other properties"
                        : $"is missing, or {found.PartitionKey} / {found.RowKey} is too many");
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
            throw new OperationException(
                $"{path} has {compared} rows, but the manifest says {file.Rows}. Use another back-up.");
        }
    }

    private static OperationException Different(TableFile file, TableEntity row, string difference) => new(
        $"The restored table {file.Name} differs from the back-up: {row.PartitionKey} / {row.RowKey} {difference}. "
        + "Check that nothing else writes to the account, and run the restore again.");
}
