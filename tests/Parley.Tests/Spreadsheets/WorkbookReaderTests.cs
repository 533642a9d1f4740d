using System.Text;
using System.Text.RegularExpressions;
using Parley.Spreadsheets;
using Parley.Testing;
using Parley.Testing.Spreadsheets;
using Xunit;

namespace Parley.Tests.Spreadsheets;

/// <summary>Workbooks of many shapes, opened by every reader and compared cell by cell.</summary>
public partial class WorkbookReaderTests
{
    private const int Seed = 20;

    private static readonly DateTimeOffset Start = new(2026, 1, 31, 8, 20, 30, 120, TimeSpan.Zero);

    /// <summary>Parts of texts, each with what a workbook contains of it.</summary>
    private static readonly (string Text, string Kept)[] Pieces =
    [
        .. new[]
        {
            "\r", "\n", "\r\n", "\t", " ", "  ", "=", "=1+1", "@", "+", "-", "_x0041_", "_x000D_", "_", "x0041_", "&", "<", ">", "]]>", "&amp;", "&lt;", "&#65;", "'", "\"",
            "😀", "é", "שלום", "مرحبا", "你好", "e\u0301", "\u00A0", "\u2028", "\u0085", "\uFEFF", "\uFFFD", "a", "word", "00123", "1E5", "true", ",", ";",
        }.Select(text => (text, text)),
        ("\uFFFE", ""), ("\uFFFF", ""), ("\u0001", ""), ("\u000B", ""), ("\0", ""), ("\uD83D", ""),
    ];

    [Fact]
    public async Task Net_readers_open_workbooks_of_every_shape() => await AssertOpenAsync(WorkbookReader.OfDotNet);

    [Fact]
    [Trait(nameof(Needs), Needs.Readers)]
    public async Task Npm_readers_open_workbooks_of_every_shape() => await AssertOpenAsync(NpmReaders.All);

    [Theory]
    [InlineData(0, "A")]
    [InlineData(25, "Z")]
    [InlineData(26, "AA")]
    [InlineData(51, "AZ")]
    [InlineData(52, "BA")]
    [InlineData(701, "ZZ")]
    [InlineData(702, "AAA")]
    [InlineData(728, "ABA")]
    [InlineData(16_383, "XFD")]
    public void Columns_are_named_by_letters(int column, string letters) => Assert.Equal(letters, XlsxReferences.Letters(column));

    [Fact]
    public async Task More_columns_than_a_sheet_can_have_are_refused()
    {
        TableColumn[] columns = [.. Enumerable.Range(1, XlsxReferences.MaxColumns + 1).Select(number => new TableColumn($"c{number}"))];
        Assert.Throws<ArgumentOutOfRangeException>(() => TableWriter.Create(TableFormat.Xlsx, columns, Stream.Null));
        await using var table = TableWriter.Create(TableFormat.Csv, columns, Stream.Null);
    }

    /// <summary>Programs that tell files apart by their first bytes look for these names.</summary>
    [Fact]
    public async Task The_first_entries_tell_a_workbook()
    {
        var file = await WrittenTable.OfTextsAsync(TableFormat.Xlsx, ["a"]);

        Assert.Equal("PK\u0003\u0004", Encoding.ASCII.GetString(file, 0, 4));
        Assert.Equal("[Content_Types].xml", Encoding.ASCII.GetString(file, 30, 19));
        using var archive = new System.IO.Compression.ZipArchive(new MemoryStream(file));
        Assert.Equal(
            ["[Content_Types].xml", "_rels/.rels", "xl/styles.xml", "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"],
            archive.Entries.Select(entry => entry.FullName));
    }

    /// <summary>The carriage return and the line feed of a line break may lie on both sides of a cell's border.</summary>
    [Fact]
    public async Task A_line_break_at_the_border_of_two_cells_is_one_line_feed()
    {
        var full = new string('a', CellText.MaxLength - 1);
        var file = await WrittenTable.OfTextsAsync(TableFormat.Xlsx, [full + "\r\nb", full + "a\r\nb", full + "\r\r\nb"], parts: 2);

        Assert.Equal([[full + "\n", "b"], [full + "a", "\nb"], [full + "\n", "\nb"]], (await WrittenTable.ReadXlsxAsync(file))[0].Skip(1));
    }

    /// <summary>Some readers cut off fractions of a millisecond, after one of these calculations.</summary>
    [Fact]
    public async Task Times_read_back_to_the_millisecond_when_their_fractions_are_cut_off()
    {
        const double MillisecondsPerDay = 86_400_000;
        const double UnixEpoch = 25_569;
        var random = new Random(Seed);
        DateTimeOffset[] times = [.. Enumerable.Range(0, 20_000).Select(_ => Start.AddMilliseconds(random.NextInt64(-1_000_000_000_000, 1_000_000_000_000))), new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero)];
        var file = await WrittenTable.OfAsync(TableFormat.Xlsx, [new TableColumn("at")], times.Select(time => (Action<TableWriter>)(row => row.Time(time))));

        foreach (var (time, cell) in times.Zip(XlsxXml.Read(file)[0].Skip(1).Select(Assert.Single)))
        {
            var days = double.Parse(cell.Value!, System.Globalization.CultureInfo.InvariantCulture);
            Assert.Equal(time.ToUnixTimeMilliseconds(), (long)Math.Floor((days - UnixEpoch) * MillisecondsPerDay));
            Assert.Equal(time.ToUnixTimeMilliseconds(), (long)Math.Floor(days * 24 * 60 * 60 * 1000) - (long)(UnixEpoch * MillisecondsPerDay));
        }

        // A time of whole fractions of a day stays exact.
        Assert.EndsWith(".5", XlsxXml.Read(file)[0][^1][0].Value, StringComparison.Ordinal);
    }

    private static async Task AssertOpenAsync(IReadOnlyList<WorkbookReader> readers)
    {
        var random = new Random(Seed);

        // Columns after Z and ZZ; rows whose numbers have up to five digits; several sheets; longest texts.
        foreach (var (columns, rows, rowsPerSheet) in new[] { (1, 181, 1_000), (30, 200, 1_000), (710, 30, 1_000), (3, 10_500, 20_000), (6, 250, 100) })
        {
            await AssertOpenAsync(random, columns, rows, rowsPerSheet, readers);
        }
    }

    private static async Task AssertOpenAsync(Random random, int columns, int rows, int rowsPerSheet, IReadOnlyList<WorkbookReader> readers)
    {
        string[] names = [.. Enumerable.Range(1, columns).Select(number => $"column {number}")];
        var cells = Enumerable.Range(0, rows).Select(_ => names.Select((_, column) => Cell(random, isFirst: column == 0)).ToArray()).ToList();
        cells[0][^1] = (new string('é', CellText.MaxLength), new string('é', CellText.MaxLength));
        var file = await WrittenTable.OfAsync(
            TableFormat.Xlsx, [.. names.Select(name => new TableColumn(name))], cells.Select(row => (Action<TableWriter>)(table => Write(table, row))), rowsPerSheet);

        await WorkbookAssert.HasAsync(
            file, [.. cells.Chunk(rowsPerSheet).Select(sheet => (object?[][])[names, .. sheet.Select(row => row.Select(cell => cell.Kept).ToArray())])], readers);
    }

    private static void Write(TableWriter table, (object? Value, object? Kept)[] row)
    {
        foreach (var (value, _) in row)
        {
            switch (value)
            {
                case null: table.Empty(); break;
                case string text: table.Text(text); break;
                case long number: table.Number(number); break;
                case double number: table.Number(number); break;
                case bool truth: table.Truth(truth); break;
                default: table.Time((DateTimeOffset)value); break;
            }
        }
    }

    /// <summary>A cell of any kind, with the value that readers return. The first cell of a row is never empty.</summary>
    private static (object? Value, object? Kept) Cell(Random random, bool isFirst)
    {
        switch (random.Next(isFirst ? 1 : 0, 8))
        {
            case 0: return (null, null);
            case 1: var whole = random.NextInt64(-999_999_999_999_999, 1_000_000_000_000_000); return (whole, (double)whole);
            case 2: var number = (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-20, 20)); return (number, number);
            case 3: var truth = random.Next(2) == 0; return (truth, truth);
            case 4: var time = Start.AddMilliseconds(random.NextInt64(100_000_000_000)); return (time, time);
            default:
                var pieces = Enumerable.Range(0, random.Next(1, 8)).Select(_ => Pieces[random.Next(Pieces.Length)]).Append(isFirst ? ("x", "x") : ("", "")).ToArray();
                var kept = LineBreak().Replace(string.Concat(pieces.Select(piece => piece.Item2)), "\n");
                return (string.Concat(pieces.Select(piece => piece.Item1)), kept.Length == 0 ? null : kept);
        }
    }

    [GeneratedRegex("\r\n?", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex LineBreak();
}
