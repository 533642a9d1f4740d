using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Parley.DevHost.Common;
using Parley.DevHost.Emulator;

namespace Parley.Testing.Spreadsheets;

/// <summary>
/// The readers of tests/spreadsheet-readers, which npm installs. Tests that use them have the trait
/// <see cref="Trait"/>, and <c>./dev test</c> leaves them out without <c>--all</c>.
/// </summary>
public static class NpmReaders
{
    /// <summary>The trait's name and value: <c>[Trait(NpmReaders.Trait, NpmReaders.TraitValue)]</c>.</summary>
    public const string Trait = "Needs";

    /// <inheritdoc cref="Trait"/>
    public const string TraitValue = "readers";

    private static readonly string Pinned = Path.Combine(Repository.Root, "tests", "spreadsheet-readers");

    private static readonly Lazy<Task<string>> Installation =
        new(() => NpmInstallation.EnsureAsync(Pinned, "spreadsheet readers", Console.Error.WriteLine, CancellationToken.None));

    /// <summary>ExcelJS, whole and streaming, read-excel-file, SheetJS and xlsx-populate.</summary>
    public static IReadOnlyList<WorkbookReader> All { get; } =
    [
        .. new[] { "exceljs", "exceljs-load", "exceljs-stream", "read-excel-file", "sheetjs", "xlsx-populate" }
            .Select(name => new WorkbookReader(name, file => ReadAsync(name, file))),
    ];

    private static async Task<List<List<object?[]>>> ReadAsync(string name, byte[] file)
    {
        var script = Path.Combine(await Installation.Value, "read.mjs");
        var directory = Directory.CreateTempSubdirectory("parley-workbook-");
        try
        {
            var path = Path.Combine(directory.FullName, "workbook.xlsx");
            await File.WriteAllBytesAsync(path, file);
            using var json = JsonDocument.Parse(await RunAsync(script, name, path));
            return [.. json.RootElement.EnumerateArray().Select(sheet =>
                sheet.EnumerateArray().Select(row => row.EnumerateArray().Select(Value).ToArray()).ToList())];
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<string> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("node", arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };

        // SheetJS returns times as local ones.
        start.Environment["TZ"] = "UTC";
        using var node = Process.Start(start)!;
        var (output, errors) = (node.StandardOutput.ReadToEndAsync(), node.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(Wait.Limit, TimeProvider.System);
        try
        {
            await node.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            node.Kill();
            throw;
        }

        return node.ExitCode == 0 ? await output
            : throw new InvalidOperationException($"{arguments[1]} cannot read the workbook: {await errors}");
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
