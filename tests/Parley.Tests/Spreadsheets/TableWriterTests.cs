using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Parley.Spreadsheets;
using Xunit;

namespace Parley.Tests.Spreadsheets;

public partial class TableWriterTests
{
    private const TableFormat Csv = TableFormat.Csv, Jsonl = TableFormat.Jsonl, Xlsx = TableFormat.Xlsx;

    private static readonly DateTimeOffset Time = new(2026, 1, 31, 10, 20, 30, 120, TimeSpan.FromHours(2));

    private static readonly TableColumn[] Columns = [new("number"), new("at"), new("content", 4), new("edited"), new("external id")];

    private static readonly Action<TableWriter> Row = row =>
    {
        row.Number(-42);
        row.Time(Time);
        row.Text("größe, \"будет\"\r\n😀 <&>");
        row.Truth(true);
        row.Empty();
    };

    /// <summary>Formula-like texts and control characters, each with the text that a cell may contain.</summary>
    private static readonly (string Text, string Clean)[] Vectors =
    [
        .. new[]
        {
            "=1+1", "=SUM(A1:A9)", "=HYPERLINK(\"http://example.org\",\"x\")", "=cmd|' /C calc'!A0", "+1", "+49 30 1234", "-1", "-1+cmd|' /C calc'!A0",
            "@SUM(1)", "@name", "\t=1", "\r=1", "=", "+", "-", "@", "\t", "\r", "=\"a,b\"", "=1;2", "- a list", "'=1", " =1", "a=1", "=1\r\n=2", "=\n",
            "\n=1", "\"=1\"", ",=1", "_x0041_", "_x000D_", "_x005F_x0041_", "_xabcd_", "_X0041_", "_x004", "__x0041__", "]]>", "<c/>", "&amp;", "a\rb",
            "a\r\nb", "a\nb", " a ", "\ta\t", "😀", "\uFFFD", "\u007F\u0085\u00A0\u2028", "\uFEFF", "'", "\"", "\"\"", ",", "00123", "1E5", "true", "null",
            "＝1", "＋1", "－1", "＠SUM(A1)", "   =1+1", "\u00A0=1", "\u3000-1", " ", "\n", "\r\n", "\n\n=1",
            "@SUM(1+1)*cmd|' /C calc'!A0", "=DDE(\"cmd\";\"/C calc\";\"x\")",
            "=cmd|'/C calc'!A0\t", "=_x0041_", "=<f>1</f>", "</t></is><f>1+1</f>",
            "\uFEFF=1", "\u200B=1", "\u202E=1", "\u2212" + "1", "\u0085=1", "\u2028+1", "\u007F=1",
            "a\t=1", "a\n-1\n-2", ";=1;", "x\",=1,\"", "\",\"=1", "sep=;", "{=1}",
            "12345678901234567", "-12345678901234567", "2026-01-31", "#REF!", "שלום", "e\u0301",
        }.Select(text => (text, text)),
        ("\0=1", "=1"), ("\u0001+1", "+1"), ("a\0b", "ab"), ("\u001B[31m", "[31m"), ("\u0008@a", "@a"), ("\uFFFE=1", "=1"), ("a\uFFFF", "a"),
        ("\uD83D=1", "=1"), ("\uDE00", ""), ("a\uD83Db", "ab"), ("\uDE00\uD83D", ""), ("\uD83D\uD83D\uDE00", "😀"), ("\u000B\u000C\u001F", ""),
    ];

    [Fact]
    public async Task Xlsx_holds_every_kind_of_cell()
    {
        var sheet = Assert.Single(await WrittenTable.ReadXlsxAsync(await WrittenTable.OfAsync(Xlsx, Columns, [Row])));

        Assert.Equal([["number", "at", "content", "edited", "external id", "content_2", "content_3", "content_4"],
            [-42.0, Time, "größe, \"будет\"\n😀 <&>", true, null, null, null, null]], sheet);
    }

    [Fact]
    public async Task Csv_holds_every_kind_of_cell()
    {
        var file = Encoding.UTF8.GetString(await WrittenTable.OfAsync(Csv, Columns, [Row]));

        Assert.Equal("\uFEFFnumber,at,content,edited,external id,content_2,content_3,content_4\r\n"
            + "-42,2026-01-31T08:20:30.120Z,\"größe, \"\"будет\"\"\r\n😀 <&>\",true,,,,\r\n", file);
    }

    [Fact]
    public async Task Jsonl_holds_every_kind_of_cell()
    {
        var lines = Encoding.UTF8.GetString(await WrittenTable.OfAsync(Jsonl, Columns, [Row, Row])).Split('\n');

        Assert.Equal(3, lines.Length);
        Assert.StartsWith("{\"number\":-42,\"at\":\"2026-01-31T08:20:30.120Z\",\"content\":\"größe, \\\"будет\\\"\\r\\n", lines[0], StringComparison.Ordinal);
        Assert.EndsWith(" <&>\",\"edited\":true,\"external id\":null}", lines[0], StringComparison.Ordinal);
        Assert.Equal(lines[0], lines[1]);
        Assert.Empty(lines[2]);
    }

    [Fact]
    public async Task Xlsx_holds_no_formula_and_every_text()
    {
        long removed = 0;
        var file = await WrittenTable.OfAsync(Xlsx, [new TableColumn("=content")],
            Vectors.Select(vector => (Action<TableWriter>)(row => row.Text(vector.Text))), atEnd: table => removed = table.RemovedCharacters, rowsPerSheet: 20);

        var clean = Vectors.Select(vector => InXlsx(vector.Clean)).ToList();
        Assert.Equal(clean, (await WrittenTable.ReadXlsxAsync(file)).SelectMany(sheet => sheet.Skip(1)).Select(row => (string?)row[0] ?? ""));
        Assert.Equal(Vectors.Sum(vector => vector.Text.Length - vector.Clean.Length), removed);

        // Checked in the XML too, where cells that look like formulas have the style that marks them as texts.
        var sheets = XlsxXml.Read(file);
        Assert.All(sheets, sheet => Assert.Equal([new XlsxXml.Cell("=content", null, IsQuoted: true)], sheet[0]));
        Assert.Equal(
            clean.Select(text => text.Length == 0 ? new XlsxXml.Cell(null, null, IsQuoted: false) : new XlsxXml.Cell(text, null, FormulaLike().IsMatch(text))),
            sheets.SelectMany(sheet => sheet.Skip(1)).Select(Assert.Single));
    }

    [Fact]
    public async Task Csv_holds_no_formula_and_every_text()
    {
        var file = await WrittenTable.OfAsync(Csv, [new TableColumn("=content")], Vectors.Select(vector => (Action<TableWriter>)(row => row.Text(vector.Text))));

        var expected = Vectors.Select(vector => vector.Clean).Prepend("=content").Select(text => FormulaLike().IsMatch(text) ? "'" + text : text).ToList();
        foreach (var rows in new[] { WrittenTable.ReadCsv(file), StrictCsv.Read(file) })
        {
            Assert.Equal(expected, rows.Select(Assert.Single));
            Assert.All(rows, row => Assert.DoesNotMatch(FormulaLike(), row[0]));
        }
    }

    /// <summary>A part from the middle of a long text may become the beginning of a cell.</summary>
    [Theory]
    [InlineData(Csv)]
    [InlineData(Xlsx)]
    public async Task A_part_is_guarded_as_a_text_is(TableFormat format)
    {
        var full = new string('a', CellText.MaxLength);
        var file = await WrittenTable.OfTextsAsync(format, Vectors.Select(vector => full + vector.Text), parts: 2);

        if (format == Csv)
        {
            var expected = Vectors.Select(vector => new[] { full, FormulaLike().IsMatch(vector.Clean) ? "'" + vector.Clean : vector.Clean });
            Assert.Equal(expected, StrictCsv.Read(file).Skip(1));
            Assert.Equal(expected, WrittenTable.ReadCsv(file).Skip(1));
        }
        else
        {
            Assert.Equal(Vectors.Select(vector => (InXlsx(vector.Clean), FormulaLike().IsMatch(vector.Clean))), XlsxXml.Read(file)[0].Skip(1).Select(row => (row[1].Text ?? "", row[1].IsQuoted)));
            Assert.Equal(Vectors.Select(vector => InXlsx(vector.Clean)), (await WrittenTable.ReadXlsxAsync(file))[0].Skip(1).Select(row => (string?)row[1] ?? ""));
        }
    }

    /// <summary>Without this strictness the tests that read with StrictCsv would prove nothing.</summary>
    [Theory]
    [InlineData("a\r\n")]
    [InlineData("\uFEFFa")]
    [InlineData("\uFEFFa\n")]
    [InlineData("\uFEFFa,b\r\nc\r\n")]
    [InlineData("\uFEFFa\"b\r\n")]
    [InlineData("\uFEFF\"a\"b\r\n")]
    [InlineData("\uFEFF\"a\r\n")]
    public void The_strict_reader_refuses_any_other_csv(string file) => Assert.Throws<FormatException>(() => StrictCsv.Read(Encoding.UTF8.GetBytes(file)));

    [Fact]
    public async Task Jsonl_holds_every_text_unchanged()
    {
        var texts = Vectors.Select(vector => vector.Text).ToList();
        var lines = Encoding.UTF8.GetString(await WrittenTable.OfTextsAsync(Jsonl, texts)).TrimEnd('\n').Split('\n');

        Assert.Equal(texts.Select(text => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text))), lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("content").GetString()!));
    }

    [Theory]
    [InlineData(Csv)]
    [InlineData(Xlsx)]
    public async Task A_long_text_goes_on_at_the_right_end(TableFormat format)
    {
        // A surrogate pair across the border of the first and the second cell; a formula at the beginning of the third.
        var first = new string('a', CellText.MaxLength - 1);
        var second = "😀" + new string('b', CellText.MaxLength - 2);
        const string Third = "=c";
        TableColumn[] columns = [new("content", 4), new("number")];
        var file = await WrittenTable.OfAsync(format, columns, [row => { row.Text(first + second + Third); row.Number(7); }, row => { row.Text("x"); row.Number(8); }]);

        var rows = format == Csv ? WrittenTable.ReadCsv(file) : [.. (await WrittenTable.ReadXlsxAsync(file))[0].Select(row => row.Select(cell => cell?.ToString() ?? "").ToArray())];
        Assert.Equal([["content", "number", "content_2", "content_3", "content_4"],
            [first, "7", second, format == Csv ? "'" + Third : Third, ""], ["x", "8", "", "", ""]], rows);
    }

    [Theory]
    [InlineData(Csv, 2, 32_766 + 32_767)]
    [InlineData(Xlsx, 2, 2 * 32_767)]
    [InlineData(Csv, 1, 32_766)]
    [InlineData(Xlsx, 1, 32_767)]
    [InlineData(Jsonl, 1, 100_000)]
    public async Task A_text_that_does_not_fit_is_cut_and_counted(TableFormat format, int parts, int kept)
    {
        var text = "=" + new string('a', 99_999);
        long cut = 0;
        var file = await WrittenTable.OfAsync(format, [new TableColumn("content", parts)], [row => row.Text(text)], atEnd: table => cut = table.CutCharacters);

        Assert.Equal(100_000 - kept, cut);
        Assert.True(format == Jsonl || (format == Csv ? WrittenTable.ReadCsv(file)[1] : (await WrittenTable.ReadXlsxAsync(file))[0][1]).All(cell => ((string?)cell)!.Length == CellText.MaxLength));
    }

    [Fact]
    public async Task A_full_sheet_is_followed_by_another()
    {
        foreach (var (count, expected) in new[] { (0, new[] { 0 }), (3, [3]), (4, [3, 1]), (6, [3, 3]), (7, [3, 3, 1]) })
        {
            var file = await WrittenTable.OfAsync(Xlsx, [new TableColumn("number")],
                Enumerable.Range(1, count).Select(number => (Action<TableWriter>)(row => row.Number(number))), rowsPerSheet: 3);

            var sheets = await WrittenTable.ReadXlsxAsync(file);
            Assert.Equal(expected, sheets.Select(sheet => sheet.Count - 1));
            Assert.All(sheets, sheet => Assert.Equal("number", sheet[0][0]));
            Assert.Equal(Enumerable.Range(1, count).Select(number => (double)number), sheets.SelectMany(sheet => sheet.Skip(1)).Select(row => (double)row[0]!));
        }
    }

    [Theory]
    [InlineData(Csv, "\uFEFFcontent\r\n")]
    [InlineData(Jsonl, "")]
    public async Task An_empty_table_has_headings_at_most(TableFormat format, string file) =>
        Assert.Equal(file, Encoding.UTF8.GetString(await WrittenTable.OfTextsAsync(format, [])));

    [Fact]
    public async Task Numbers_and_times_that_a_sheet_cannot_keep_are_texts()
    {
        TableColumn[] columns = [new("number"), new("at")];
        var file = await WrittenTable.OfAsync(Xlsx, columns,
        [
            row => { row.Number(long.MinValue); row.Time(new DateTimeOffset(1900, 2, 28, 0, 0, 0, TimeSpan.Zero)); },
            row => { row.Number(999_999_999_999_999); row.Time(new DateTimeOffset(1900, 3, 1, 0, 0, 0, TimeSpan.Zero)); },
        ]);

        Assert.Equal([["-9223372036854775808", "1900-02-28T00:00:00.000Z"], [999_999_999_999_999.0, new DateTimeOffset(1900, 3, 1, 0, 0, 0, TimeSpan.Zero)]], (await WrittenTable.ReadXlsxAsync(file))[0].Skip(1));
    }

    [Fact]
    public async Task Numbers_with_a_fraction_read_back_as_the_same()
    {
        double[] numbers = [0, 1, 0.1, -0.5, 1.234, 0.1 + 0.2, 1e-7, 1.5e300, double.MaxValue, double.Epsilon, 123_456_789.123];
        TableColumn[] columns = [new("number"), new("text")];
        var rows = numbers.Select(number => (Action<TableWriter>)(row => { row.Number(number); row.Text("x"); })).ToList();

        Assert.Equal(numbers.Select(number => (object)number), (await WrittenTable.ReadXlsxAsync(await WrittenTable.OfAsync(Xlsx, columns, rows)))[0].Skip(1).Select(row => row[0]!));
        string[] texts = ["0", "1", "0.1", "-0.5", "1.234", "0.30000000000000004", "1E-07", "1.5E+300", "1.7976931348623157E+308", "5E-324", "123456789.123"];
        Assert.Equal(texts, StrictCsv.Read(await WrittenTable.OfAsync(Csv, columns, rows)).Skip(1).Select(row => row[0]));
        var lines = Encoding.UTF8.GetString(await WrittenTable.OfAsync(Jsonl, columns, rows)).TrimEnd('\n').Split('\n');
        Assert.Equal(numbers, lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("number").GetDouble()));
    }

    [Theory]
    [InlineData(Csv)]
    [InlineData(Jsonl)]
    [InlineData(Xlsx)]
    public async Task A_number_that_is_not_finite_is_refused(TableFormat format)
    {
        using var output = new ForwardStream();
        await using var table = TableWriter.Create(format, [new TableColumn("number")], output);
        foreach (var number in new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => table.Number(number));
        }
    }

    [Theory]
    [InlineData(Csv)]
    [InlineData(Jsonl)]
    [InlineData(Xlsx)]
    public async Task The_same_table_makes_the_same_bytes(TableFormat format)
    {
        var rows = Enumerable.Repeat(Row, 5_000).ToList();

        Assert.Equal(await WrittenTable.OfAsync(format, Columns, rows), await WrittenTable.OfAsync(format, Columns, rows));
    }

    [Theory]
    [InlineData(Csv)]
    [InlineData(Jsonl)]
    [InlineData(Xlsx)]
    public async Task Cancelling_leaves_an_unfinished_file(TableFormat format)
    {
        using var output = new ForwardStream();
        using var cancellation = new CancellationTokenSource();
        var random = new Random(1);
        var table = TableWriter.Create(format, [new TableColumn("content")], output);
        for (var i = 0; i < 20_000; i++)
        {
            table.Text(random.NextInt64().ToString(System.Globalization.CultureInfo.InvariantCulture));
            await table.EndRowAsync(cancellation.Token);
        }

        await cancellation.CancelAsync();
        table.Text("last");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await table.EndRowAsync(cancellation.Token));
        var length = output.Written.Length;
        await table.DisposeAsync();

        Assert.True(length > 0);
        Assert.Equal(length, output.Written.Length);
        Assert.Equal(length, table.Bytes);
        Assert.Equal(20_000, table.Rows);
    }

    [Theory]
    [InlineData(Csv)]
    [InlineData(Jsonl)]
    [InlineData(Xlsx)]
    public async Task A_row_has_a_cell_for_every_column(TableFormat format)
    {
        using var output = new ForwardStream();
        await using var table = TableWriter.Create(format, [new TableColumn("a"), new TableColumn("b")], output);
        table.Number(1);

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await table.EndRowAsync(default));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await table.CompleteAsync(default));
        table.Number(2);
        Assert.Throws<InvalidOperationException>(table.Empty);
    }

    // In a workbook, a line break is a line feed.
    private static string InXlsx(string text) => CarriageReturn().Replace(text, "\n");

    // Independent of CellText, so that this test detects a change there.
    [GeneratedRegex(@"^(?:[\t\r\n]|\s*[-=+@＝＋－＠])", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex FormulaLike();

    [GeneratedRegex("\r\n?", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex CarriageReturn();
}
