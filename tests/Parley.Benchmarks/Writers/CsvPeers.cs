using System.Text;
using CsvHelper;
using nietras.SeparatedValues;
using Parley.Spreadsheets;

namespace Parley.Benchmarks.Writers;

/// <summary>Other writers of csv, with the same cells, quotes, line ends and byte order mark as Parley's.</summary>
internal static class CsvPeers
{
    private static readonly UTF8Encoding WithMark = new(encoderShouldEmitUTF8Identifier: true);

    public static async Task WriteSepAsync(SampleTable sample, int rows, Stream output)
    {
        var text = new StreamWriter(output, WithMark, bufferSize: Utf8Buffer.FlushAt) { NewLine = "\r\n" };
        await using var writer = Sep.New(',').Writer(options => options with { Escape = true }).To(text);
        foreach (var heading in sample.Headings)
        {
            writer.Header.Add(heading);
        }

        var columns = sample.Headings.Length;
        for (var row = 0; row < rows; row++)
        {
            WriteRow(writer, sample.Rows[row % sample.Rows.Length], columns);
        }
    }

    public static async Task WriteCsvHelperAsync(SampleTable sample, int rows, Stream output)
    {
        var options = new CsvWriterOptions { WriteByteOrderMark = true, TrueValue = "true", FalseValue = "false" };
        await using var writer = CsvWriter.Create(output, options);
        writer.WriteHeader(sample.Headings);
        for (var row = 0; row < rows; row++)
        {
            var cells = sample.Rows[row % sample.Rows.Length];
            foreach (var cell in cells)
            {
                WriteField(writer, cell);
            }

            for (var column = cells.Length; column < sample.Headings.Length; column++)
            {
                writer.WriteField("");
            }

            await writer.EndRecordAsync();
        }
    }

    private static void WriteRow(SepWriter writer, SampleCell[] cells, int columns)
    {
        Span<char> time = stackalloc char[ComparedWriter.TimeLength];
        using var row = writer.NewRow();
        for (var column = 0; column < columns; column++)
        {
            var cell = column < cells.Length ? cells[column] : default;
            switch (cell.Kind)
            {
                case SampleKind.Text:
                    row[column].Set(Guarded(cell.Text));
                    break;
                case SampleKind.Number:
                    row[column].Format(cell.Number);
                    break;
                case SampleKind.Fraction:
                    row[column].Format(cell.Fraction);
                    break;
                case SampleKind.Time:
                    ComparedWriter.WriteTime(cell.Time, time);
                    row[column].Set(time);
                    break;
                case SampleKind.Truth:
                    row[column].Set(cell.Truth ? "true" : "false");
                    break;
                default:
                    row[column].Set("");
                    break;
            }
        }
    }

    private static void WriteField(CsvWriter writer, SampleCell cell)
    {
        switch (cell.Kind)
        {
            case SampleKind.Text:
                writer.WriteField(Guarded(cell.Text));
                break;
            case SampleKind.Number:
                writer.WriteField(cell.Number);
                break;
            case SampleKind.Fraction:
                writer.WriteField(cell.Fraction);
                break;
            case SampleKind.Time:
                Span<char> time = stackalloc char[ComparedWriter.TimeLength];
                ComparedWriter.WriteTime(cell.Time, time);
                writer.WriteField(time);
                break;
            case SampleKind.Truth:
                writer.WriteField(cell.Truth);
                break;
            default:
                writer.WriteField("");
                break;
        }
    }

    /// <summary>
    /// Marks formula-like texts as Parley's writer does. The removal of forbidden characters is left out, which only
    /// favors the others.
    /// </summary>
    private static string Guarded(string text) => CellText.IsFormulaLike(text) ? $"'{text}" : text;
}
