using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using System.Xml.Linq;
using CsvHelper;
using Parley.Spreadsheets;

namespace Parley.Benchmarks.Writers;

/// <summary>Reads what a writer has written, to be sure that all compared writers write the same cells.</summary>
internal static class WrittenFile
{
    private static readonly XNamespace Main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

    /// <summary>Compares the rows of a file with those of the sample.</summary>
    /// <exception cref="BenchmarkException">A cell differs.</exception>
    public static async Task CheckAsync(ComparedWriter writer, SampleTable sample)
    {
        var file = new MemoryStream();
        await writer.WriteAsync(sample, sample.Rows.Length, file);
        var bytes = new MemoryStream(file.ToArray());
        var rows = writer.Format switch
        {
            TableFormat.Csv => ReadCsv(bytes, sample),
            TableFormat.Jsonl => ReadJsonl(bytes, sample),
            _ => ReadXlsx(bytes, sample),
        };
        for (var row = 0; row < Math.Max(rows.Count, sample.Rows.Length); row++)
        {
            for (var column = 0; column < sample.Columns.Length; column++)
            {
                var expected = Expected(writer.Format, sample.Rows[row][column]);
                if (rows[row][column] is var actual && actual != expected)
                {
                    throw new BenchmarkException(
                        $"{writer.Name} wrote '{actual}' instead of '{expected}' in row {row + 1}, column {column + 1} of {writer.Format}.");
                }
            }
        }
    }

    private static string Expected(TableFormat format, SampleCell cell) => cell.Kind switch
    {
        SampleKind.Text when format == TableFormat.Csv && CellText.IsFormulaLike(cell.Text) => $"'{cell.Text}",
        SampleKind.Text => cell.Text,
        SampleKind.Number => cell.Number.ToString(CultureInfo.InvariantCulture),
        SampleKind.Fraction => cell.Fraction.ToString(CultureInfo.InvariantCulture),
        SampleKind.Time when format == TableFormat.Xlsx => Milliseconds(cell.Time.UtcDateTime.ToOADate()),
        SampleKind.Time => cell.Time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture),
        SampleKind.Truth when format == TableFormat.Xlsx => cell.Truth ? "1" : "0",
        SampleKind.Truth => cell.Truth ? "true" : "false",
        _ => "",
    };

    private static List<string[]> ReadCsv(Stream file, SampleTable sample)
    {
        using var reader = CsvReader.Create(file, new CsvReaderOptions { HasHeader = false, AllowLineBreaksInQuotes = true });
        var rows = new List<string[]>();
        foreach (var row in reader)
        {
            rows.Add(row.ToArray());
        }

        return rows[0].SequenceEqual(sample.Headings) ? rows[1..] : throw new BenchmarkException("The headings of csv differ.");
    }

    private static List<string[]> ReadJsonl(Stream file, SampleTable sample) =>
    [
        .. new StreamReader(file).ReadToEnd().TrimEnd('\n').Split('\n').Select(line =>
        {
            var row = JsonElement.Parse(line);
            return sample.Columns.Select(column => row.GetProperty(column.Name) switch
            {
                { ValueKind: JsonValueKind.Null } => "",
                { ValueKind: JsonValueKind.String } value => value.GetString()!,
                var value => value.GetRawText(),
            }).ToArray();
        }),
    ];

    private static List<string[]> ReadXlsx(Stream file, SampleTable sample)
    {
        using var archive = new ZipArchive(file);
        using var sheet = archive.GetEntry("xl/worksheets/sheet1.xml")!.Open();
        return
        [
            .. XDocument.Load(sheet).Descendants(Main + "row").Skip(1).Select(row =>
            {
                var cells = sample.Columns.Select(_ => "").ToArray();
                foreach (var cell in row.Elements(Main + "c"))
                {
                    var column = cell.Attribute("r")!.Value[0] - 'A';
                    if (column < cells.Length)
                    {
                        cells[column] = Value(cell, sample.Rows[0][column].Kind);
                    }
                }

                return cells;
            }),
        ];
    }

    private static string Value(XElement cell, SampleKind kind) => kind switch
    {
        SampleKind.Time => Milliseconds(double.Parse(cell.Value, CultureInfo.InvariantCulture)),
        SampleKind.Fraction => double.Parse(cell.Value, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture),
        _ => cell.Value,
    };

    // A number of days represents a time to some microseconds only.
    private static string Milliseconds(double days) => Math.Round(days * TimeSpan.MillisecondsPerDay).ToString(CultureInfo.InvariantCulture);
}
