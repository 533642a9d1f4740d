using System.Globalization;
using System.Text.Json;

namespace Parley.Testing.Spreadsheets;

/// <summary>
/// The readers of tests/spreadsheet-readers, which npm installs. Tests that use them have the trait
/// <see cref="Needs.Readers"/>.
/// </summary>
public static class NpmReaders
{
    /// <summary>ExcelJS, whole and streaming, read-excel-file, SheetJS and xlsx-populate.</summary>
    public static IReadOnlyList<WorkbookReader> All { get; } =
    [
        .. new[] { "exceljs", "exceljs-load", "exceljs-stream", "read-excel-file", "sheetjs", "xlsx-populate" }
            .Select(name => new WorkbookReader(name, file => ReadAsync(name, file))),
    ];

    private static async Task<List<List<object?[]>>> ReadAsync(string name, byte[] file)
    {
        var directory = Directory.CreateTempSubdirectory("parley-workbook-");
        try
        {
            var path = Path.Combine(directory.FullName, "workbook.xlsx");
            await File.WriteAllBytesAsync(path, file);
            using var json = JsonDocument.Parse(await NodeScript.RunAsync("spreadsheet-readers", "read.mjs", name, path));
            return [.. json.RootElement.EnumerateArray().Select(sheet =>
                sheet.EnumerateArray().Select(row => row.EnumerateArray().Select(Value).ToArray()).ToList())];
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static object? Value(JsonElement cell) => cell.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => cell.GetString(),
        JsonValueKind.Number => cell.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => DateTimeOffset.Parse(cell.GetProperty("time").GetString()!, CultureInfo.InvariantCulture),
    };
}
