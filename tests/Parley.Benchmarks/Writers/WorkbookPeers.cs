using MiniExcelLibs;
using MiniExcelLibs.OpenXml;
using SpreadCheetah;

namespace Parley.Benchmarks.Writers;

/// <summary>Other writers of xlsx, with the same cells, cell references and the same compression as Parley's.</summary>
internal static class WorkbookPeers
{
    public static async Task WriteSpreadCheetahAsync(SampleTable sample, int rows, Stream output)
    {
        var options = new SpreadCheetahOptions
        {
            CompressionLevel = SpreadCheetahCompressionLevel.Fastest,
            WriteCellReferenceAttributes = true,
        };
        await using var workbook = await Spreadsheet.CreateNewAsync(output, options);
        await workbook.StartWorksheetAsync("Sheet1");
        await workbook.AddRowAsync([.. sample.Headings.Select(heading => new Cell(heading))]);

        // As Parley leaves out empty cells, those of the rest of long texts are not passed.
        var cells = new Cell[sample.Columns.Length];
        for (var row = 0; row < rows; row++)
        {
            var values = sample.Rows[row % sample.Rows.Length];
            for (var column = 0; column < cells.Length; column++)
            {
                cells[column] = values[column] switch
                {
                    { Kind: SampleKind.Text } value => new Cell(value.Text),
                    { Kind: SampleKind.Number } value => new Cell(value.Number),
                    { Kind: SampleKind.Fraction } value => new Cell(value.Fraction),
                    { Kind: SampleKind.Time } value => new Cell(value.Time.UtcDateTime),
                    { Kind: SampleKind.Truth } value => new Cell(value.Truth),
                    _ => default,
                };
            }

            await workbook.AddRowAsync(cells);
        }

        await workbook.FinishAsync();
    }

    /// <summary>MiniExcel compresses at its only level, the fastest, and takes one dictionary for each row.</summary>
    public static async Task WriteMiniExcelAsync(SampleTable sample, int rows, Stream output)
    {
        var options = new OpenXmlConfiguration { AutoFilter = false, TableStyles = TableStyles.None };
        await output.SaveAsAsync(Rows(sample, rows), configuration: options);
    }

    private static IEnumerable<IDictionary<string, object?>> Rows(SampleTable sample, int rows)
    {
        var row = sample.Headings.ToDictionary(heading => heading, _ => (object?)null);
        for (var number = 0; number < rows; number++)
        {
            var values = sample.Rows[number % sample.Rows.Length];
            for (var column = 0; column < values.Length; column++)
            {
                row[sample.Headings[column]] = values[column] switch
                {
                    { Kind: SampleKind.Text } value => value.Text,
                    { Kind: SampleKind.Number } value => value.Number,
                    { Kind: SampleKind.Fraction } value => value.Fraction,
                    { Kind: SampleKind.Time } value => value.Time.UtcDateTime,
                    { Kind: SampleKind.Truth } value => value.Truth,
                    _ => null,
                };
            }

            yield return row;
        }
    }
}
