using System.Globalization;
using System.Text;

namespace Parley.Spreadsheets;

/// <summary>
/// The parts of a workbook other than its rows: ECMA-376 Part 2 §10 (content types, relationships), Part 1 §18.2
/// (workbook), §18.8 (styles).
/// </summary>
internal static class XlsxParts
{
    private const string Declaration = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>""" + "\n";
    private const string Main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    private const string Relationships = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    private const string Worksheet = Relationships + "/worksheet";
    private const string PackageRelationships = "http://schemas.openxmlformats.org/package/2006/relationships";
    private const string ContentType = "application/vnd.openxmlformats-officedocument.spreadsheetml.";

    // Cells are aligned to the top: a row shows one line, which should be the first line of a text with several.
    private const string Top = "<alignment vertical=\"top\"/></xf>";

    // Cell formats by their index in cellXfs: 0 plain, 1 heading, 2 date-time, 3 text that looks like a formula,
    // 4 heading that looks like a formula.
    private const string Styles = Declaration + $"""
        <styleSheet xmlns="{Main}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd\ hh:mm:ss.000"/></numFmts>
        <fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>
        <fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>
        <borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>
        <cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" applyAlignment="1">{Top}</cellStyleXfs>
        <cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" applyAlignment="1">{Top}
        <xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyAlignment="1" applyFont="1">{Top}
        <xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyAlignment="1" applyNumberFormat="1">{Top}
        <xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" applyAlignment="1" quotePrefix="1">{Top}
        <xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyAlignment="1" applyFont="1" quotePrefix="1">{Top}</cellXfs>
        <cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>
        """;

    /// <summary>
    /// The beginning of a sheet, up to its columns, with the first row frozen. It has no sheetFormatPr (optional by
    /// §18.3.1.81): with a default height, LibreOffice draws texts of several lines over the neighboring rows.
    /// </summary>
    public static ReadOnlySpan<byte> SheetBegin =>
        """
        <?xml version="1.0" encoding="UTF-8" standalone="yes"?>
        <worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>
        """u8;

    /// <summary>The name of a sheet's zip entry; sheets are counted from 1.</summary>
    public static string SheetName(int number) =>
        string.Create(CultureInfo.InvariantCulture, $"xl/worksheets/sheet{number}.xml");

    /// <summary>
    /// The parts before the sheets. The content types do not name the sheets, whose number is not known yet: a sheet's
    /// type is the default of its extension.
    /// </summary>
    public static IEnumerable<(string Name, string Xml)> BeforeSheets =>
    [
        ("[Content_Types].xml", Declaration
            + """<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">"""
            + """<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>"""
            + $"""<Default Extension="xml" ContentType="{ContentType}worksheet+xml"/>"""
            + $"""<Override PartName="/xl/workbook.xml" ContentType="{ContentType}sheet.main+xml"/>"""
            + $"""<Override PartName="/xl/styles.xml" ContentType="{ContentType}styles+xml"/></Types>"""),
        ("_rels/.rels", Declaration
            + $"""<Relationships xmlns="{PackageRelationships}">"""
            + $"""<Relationship Id="rId1" Type="{Relationships}/officeDocument" Target="xl/workbook.xml"/>"""
            + "</Relationships>"),
        ("xl/styles.xml", Styles),
    ];

    /// <summary>
    /// The parts that name the sheets. The workbook has a workbookPr (optional by §18.2.28), because NPOI 2.4 fails at
    /// date-times without one.
    /// </summary>
    public static IEnumerable<(string Name, string Xml)> AfterSheets(int sheets) =>
    [
        ("xl/workbook.xml", Declaration
            + $"""<workbook xmlns="{Main}" xmlns:r="{Relationships}"><workbookPr/><sheets>"""
            + Each(sheets, number => $"""<sheet name="Sheet{number}" sheetId="{number}" r:id="rId{number}"/>""")
            + "</sheets></workbook>"),
        ("xl/_rels/workbook.xml.rels", Declaration
            + $"""<Relationships xmlns="{PackageRelationships}">"""
            + Each(
                sheets,
                number =>
                    $"""<Relationship Id="rId{number}" Type="{Worksheet}" Target="worksheets/sheet{number}.xml"/>""")
            + $"""<Relationship Id="styles" Type="{Relationships}/styles" Target="styles.xml"/></Relationships>"""),
    ];

    private static string Each(int sheets, Func<int, FormattableString> xml)
    {
        var all = new StringBuilder();
        for (var number = 1; number <= sheets; number++)
        {
            all.Append(FormattableString.Invariant(xml(number)));
        }

        return all.ToString();
    }
}
