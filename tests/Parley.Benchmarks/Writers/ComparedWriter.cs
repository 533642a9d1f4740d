using System.Globalization;
using Parley.Spreadsheets;

namespace Parley.Benchmarks.Writers;

/// <summary>A writer that is compared with others of its format.</summary>
/// <param name="Name">The name of Parley or of the package.</param>
/// <param name="Format">The format it writes here.</param>
/// <param name="WriteAsync">Writes a table with this number of rows to a stream.</param>
internal sealed record ComparedWriter(string Name, TableFormat Format, Func<SampleTable, int, Stream, Task> WriteAsync)
{
    public const string Parley = "Parley";

    /// <summary>The characters of <see cref="WriteTime"/>.</summary>
    public const int TimeLength = 24;

    public static readonly ComparedWriter[] All =
    [
        new(Parley, TableFormat.Csv, (table, rows, output) => WriteOwnAsync(TableFormat.Csv, table, rows, output)),
        new(Parley, TableFormat.Jsonl, (table, rows, output) => WriteOwnAsync(TableFormat.Jsonl, table, rows, output)),
        new("Sep", TableFormat.Csv, CsvPeers.WriteSepAsync),
        new("CsvHelper", TableFormat.Csv, CsvPeers.WriteCsvHelperAsync),
        new(Parley, TableFormat.Xlsx, (table, rows, output) => WriteOwnAsync(TableFormat.Xlsx, table, rows, output)),
        new("SpreadCheetah", TableFormat.Xlsx, WorkbookPeers.WriteSpreadCheetahAsync),
        new("MiniExcel", TableFormat.Xlsx, WorkbookPeers.WriteMiniExcelAsync),
    ];

    /// <summary>ISO 8601 in UTC with milliseconds, as Parley writes it, by the fastest format of .NET.</summary>
    public static void WriteTime(DateTimeOffset time, Span<char> text)
    {
        Span<char> full = stackalloc char[TimeLength + 8];
        time.UtcDateTime.TryFormat(full, out _, "O", CultureInfo.InvariantCulture);
        full[..(TimeLength - 1)].CopyTo(text);
        text[TimeLength - 1] = 'Z';
    }

    private static async Task WriteOwnAsync(TableFormat format, SampleTable sample, int rows, Stream output)
    {
        await using var table = TableWriter.Create(format, sample.Columns, output);
        for (var row = 0; row < rows; row++)
        {
            foreach (var cell in sample.Rows[row % sample.Rows.Length])
            {
                switch (cell.Kind)
                {
                    case SampleKind.Text:
                        table.Text(cell.Text);
                        break;
                    case SampleKind.Number:
                        table.Number(cell.Number);
                        break;
                    case SampleKind.Fraction:
                        table.Number(cell.Fraction);
                        break;
                    case SampleKind.Time:
                        table.Time(cell.Time);
                        break;
                    case SampleKind.Truth:
                        table.Truth(cell.Truth);
                        break;
                    default:
                        table.Empty();
                        break;
                }
            }

            await table.EndRowAsync(default);
        }

        await table.CompleteAsync(default);
    }
}
