using System.Globalization;
using System.IO.Compression;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Parley.Tests.Spreadsheets;

/// <summary>
/// Reads a workbook by its XML as ECMA-376 specifies, without the leniency of other readers: any deviation throws.
/// </summary>
internal static partial class XlsxXml
{
    private static readonly XNamespace Main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    private static readonly XNamespace References = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

    private static readonly Cell Empty = new(null, null, IsQuoted: false);

    /// <summary>All sheets with their rows, including the headings.</summary>
    public static List<List<Cell[]>> Read(byte[] file)
    {
        using var archive = new ZipArchive(new MemoryStream(file));
        // Loading checks that the XML is well-formed; a duplicate name throws too.
        var parts = archive.Entries.ToDictionary(entry => entry.FullName, Load);
        Assert.All(
            parts.Values,
            part => Assert.DoesNotContain(part.Descendants(), element => element.Name.LocalName is "f" or "definedName" or "externalReference"));
        Assert.All(
            parts["[Content_Types].xml"].Root!.Elements().Select(type => (string?)type.Attribute("PartName")).OfType<string>(),
            name => Assert.Contains(name.TrimStart('/'), parts));

        var quoted = parts["xl/styles.xml"].Descendants(Main + "cellXfs").Single().Elements()
            .Select(format => (string?)format.Attribute("quotePrefix") == "1").ToArray();
        var targets = parts["xl/_rels/workbook.xml.rels"].Root!.Elements()
            .ToDictionary(to => (string)to.Attribute("Id")!, to => (string)to.Attribute("Target")!);
        Assert.All(targets.Values, target => Assert.Contains("xl/" + target, parts));
        return
        [
            .. parts["xl/workbook.xml"].Descendants(Main + "sheet")
                .Select(sheet => parts["xl/" + targets[(string)sheet.Attribute(References + "id")!]])
                .Select(sheet => Padded([.. sheet.Descendants(Main + "row").Select((row, index) => ToRow(row, index + 1, quoted))])),
        ];
    }

    private static XDocument Load(ZipArchiveEntry entry)
    {
        using var part = entry.Open();
        return XDocument.Load(part);
    }

    /// <summary>The rows, each with as many cells as there are headings.</summary>
    private static List<Cell[]> Padded(List<Cell[]> rows) => [.. rows.Select(row => (Cell[])[.. row, .. Enumerable.Repeat(Empty, rows[0].Length - row.Length)])];

    /// <summary>The cells of a row, up to the last one; those that are left out are empty.</summary>
    private static Cell[] ToRow(XElement row, int number, bool[] quoted)
    {
        Assert.Equal($"{number}", (string?)row.Attribute("r"));
        var cells = new List<Cell>();
        foreach (var cell in row.Elements())
        {
            var reference = (string)cell.Attribute("r")!;
            var column = reference[..^$"{number}".Length].Aggregate(0, (sum, letter) => (sum * 26) + letter - 'A' + 1) - 1;
            Assert.EndsWith($"{number}", reference, StringComparison.Ordinal);
            Assert.True(column >= cells.Count, $"The cell {reference} is not in its order.");
            cells.AddRange(Enumerable.Repeat(Empty, column - cells.Count));
            cells.Add(ToCell(cell, quoted));
        }

        return [.. cells];
    }

    private static Cell ToCell(XElement cell, bool[] quoted)
    {
        Assert.Equal(Main + "c", cell.Name);
        var isQuoted = quoted[(int?)cell.Attribute("s") ?? 0];
        if ((string?)cell.Attribute("t") != "inlineStr")
        {
            return new Cell(null, (string?)cell.Element(Main + "v"), isQuoted);
        }

        var text = Assert.Single(Assert.Single(cell.Elements(Main + "is")).Elements());
        Assert.Equal(Main + "t", text.Name);
        // Excel trims the text unless this attribute is present.
        var value = (string?)text.Attribute(XNamespace.Xml + "space") == "preserve" ? text.Value : text.Value.Trim();
        value = Escape().Replace(
            value, escape => ((char)int.Parse(escape.Groups["unit"].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToString());
        return new Cell(value, null, isQuoted);
    }

    // Defined in §22.9.2.19 (ST_Xstring).
    [GeneratedRegex("_[xX](?<unit>[0-9A-Fa-f]{4})_", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Escape();

    /// <summary>A cell with a text, with a value of another kind, or with neither.</summary>
    internal sealed record Cell(string? Text, string? Value, bool IsQuoted);
}
