using System.Text;
using ExcelDataReader;
using NPOI.SS.UserModel;
using NPOI.XSSF.UserModel;

namespace Parley.Testing.Spreadsheets;

/// <summary>A library that reads workbooks, independent of the code that writes them.</summary>
/// <param name="Name">The library, and the way to use it.</param>
/// <param name="ReadAsync">
/// Returns sheets of rows of cells. A cell is null, a string, a double, a bool or a DateTimeOffset in UTC, rounded to
/// the millisecond. Rows may be shorter than the widest one.
/// </param>
public sealed record WorkbookReader(string Name, Func<byte[], Task<List<List<object?[]>>>> ReadAsync)
{
    static WorkbookReader() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    /// <summary>The readers that need .NET alone.</summary>
    public static IReadOnlyList<WorkbookReader> OfDotNet { get; } =
    [
        new("ExcelDataReader", file => Task.FromResult(ReadWithExcelDataReader(file))),
        new("NPOI", file => Task.FromResult(ReadWithNpoi(file))),
    ];

    /// <summary>Rounds to the millisecond: spreadsheets store days with fractions, which do not represent one exactly.</summary>
    public static DateTimeOffset Round(DateTime time)
    {
        var ticks = time.Ticks + (TimeSpan.TicksPerMillisecond / 2);
        return new DateTimeOffset(ticks - (ticks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);
    }

    public override string ToString() => Name;

    private static List<List<object?[]>> ReadWithExcelDataReader(byte[] file)
    {
        using var reader = ExcelReaderFactory.CreateOpenXmlReader(new MemoryStream(file));
        var sheets = new List<List<object?[]>>();
        do
        {
            var rows = new List<object?[]>();
            while (reader.Read())
            {
                rows.Add([.. Enumerable.Range(0, reader.FieldCount)
                    .Select(column => reader.GetValue(column) is DateTime time ? Round(time) : reader.GetValue(column))]);
            }

            sheets.Add(rows);
        }
        while (reader.NextResult());
        return sheets;
    }

    private static List<List<object?[]>> ReadWithNpoi(byte[] file)
    {
        var workbook = new XSSFWorkbook(new MemoryStream(file));
        return [.. Enumerable.Range(0, workbook.NumberOfSheets).Select(workbook.GetSheetAt).Select(sheet =>
            Enumerable.Range(0, sheet.LastRowNum + 1).Select(sheet.GetRow).Select(row =>
                row is null ? [] : Enumerable.Range(0, Math.Max(0, (int)row.LastCellNum)).Select(column => Value(row.GetCell(column))).ToArray()).ToList())];
    }

    private static object? Value(ICell? cell) => cell?.CellType switch
    {
        null or CellType.Blank => null,
        CellType.String => cell.StringCellValue,
        CellType.Boolean => cell.BooleanCellValue,
        CellType.Numeric when DateUtil.IsCellDateFormatted(cell) => Round(cell.DateCellValue),
        CellType.Numeric => cell.NumericCellValue,
        var other => throw new NotSupportedException($"A cell has the type {other}."),
    };
}
