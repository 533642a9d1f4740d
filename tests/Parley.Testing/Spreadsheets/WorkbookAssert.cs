using System.IO.Compression;
using Xunit;

namespace Parley.Testing.Spreadsheets;

/// <summary>Compares a workbook with expected sheets, cell by cell.</summary>
public static class WorkbookAssert
{
    /// <summary>Checks that each reader returns exactly the expected sheets.</summary>
    /// <param name="file">The workbook.</param>
    /// <param name="sheets">Rows with the headings, as <see cref="WorkbookReader.ReadAsync"/> returns them.</param>
    /// <param name="readers">The readers that must agree.</param>
    public static async Task HasAsync(
        byte[] file, IReadOnlyList<IReadOnlyList<object?[]>> sheets, IEnumerable<WorkbookReader> readers)
    {
        foreach (var reader in readers)
        {
            var read = await reader.ReadAsync(file);
            Assert.True(sheets.Count == read.Count, $"{reader} reads {read.Count} of {sheets.Count} sheets.");
            var lost = 0;
            for (var sheet = 0; sheet < sheets.Count; sheet++)
            {
                AssertSheet(reader.Name, sheets[sheet], read[sheet], ref lost);
            }

            Assert.InRange(lost, 0, ReaderQuirks.MaxLosses(XmlBytes(file)));
        }
    }

    private static void AssertSheet(string reader, IReadOnlyList<object?[]> expected, List<object?[]> actual, ref int lost)
    {
        Assert.True(expected.Count == actual.Count, $"{reader} reads {actual.Count} of {expected.Count} rows.");
        for (var row = 0; row < expected.Count; row++)
        {
            // Readers differ in how many empty cells they return at the end of a row.
            for (var column = 0; column < Math.Max(expected[row].Length, actual[row].Length); column++)
            {
                var wanted = ReaderQuirks.Of(reader, expected[row].ElementAtOrDefault(column));
                var got = actual[row].ElementAtOrDefault(column);
                got = (reader, wanted, got) switch
                {
                    ("exceljs-stream", string text, string cell) => ReaderQuirks.WithoutLosses(text, cell, ref lost),
                    ("xlsx-populate", DateTimeOffset, double days) => ReaderQuirks.Time(days),
                    _ => got,
                };
                Assert.True(
                    Equals(wanted, got), $"{reader}, row {row + 1}, column {column + 1}: expected {Show(wanted)}, read {Show(got)}.");
            }
        }
    }

    private static long XmlBytes(byte[] file)
    {
        using var archive = new ZipArchive(new MemoryStream(file));
        return archive.Entries.Sum(entry => entry.Length);
    }

    private static string Show(object? value)
    {
        const int Shown = 200;
        var text = value is DateTimeOffset time ? $"{time:O}" : $"{value ?? "nothing"}";
        return text.Length <= Shown ? $"‘{text}’" : $"‘{text[..Shown]}…’ ({text.Length} characters)";
    }
}
